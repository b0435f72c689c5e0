// An output as itself: pictures, films, sounds and texts.
import { useEffect, useRef, useState } from "preact/hooks";
import { html, Icon } from "./html.js";
import { partsOf } from "./outputs.js";

const ORIGIN = document.querySelector("meta[name=outputs]").content;
const MOSAIC = 4;
const NEAR = "400px";
const LOST = "This file cannot be shown here: kept no more, or of a kind that the browser does not know.";

export const partsOfPrediction = (prediction) => partsOf(prediction.output, ORIGIN);

/** An output in a small square: the first of its pictures or films, else its words. Its name stands beside it. */
export function Thumbnail({ prediction }) {
  const { files, text, rest } = partsOfPrediction(prediction);
  const pictures = files.filter((file) => file.kind === "image").slice(0, MOSAIC);
  if (pictures.length) return html`<${Mosaic} pictures=${pictures} more=${files.length - pictures.length} />`;
  const first = files[0];
  if (first?.kind === "video") return html`<${Film} url=${first.url} />`;
  if (text) return html`<p class="words">${text.slice(0, 600)}</p>`;
  if (first) {
    return html`<p class="sign"><${Icon} name=${first.kind === "audio" ? "audio" : "file"} />${first.name}</p>`;
  }
  if (rest === null) return html`<${Nothing} />`;
  return html`<pre class="words">${JSON.stringify(rest, null, 1).slice(0, 600)}</pre>`;
}

const Nothing = () => html`<p class="sign">Nothing.</p>`;

function Mosaic({ pictures, more }) {
  return html`
    <div class="mosaic" data-count=${pictures.length}>
      ${pictures.map(({ url }) => html`<${Loaded} key=${url} as="img" src=${url} alt="" loading="lazy" decoding="async" />`)}
      ${more > 0 && html`<span class="more">+${more}</span>`}
    </div>
  `;
}

/** A picture, film or sound, or, in its place, that it is not to be had: outputs may be kept for less long than records. */
function Loaded({ as, ...rest }) {
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const retry = () => setFailed(false);
    addEventListener("online", retry);
    return () => removeEventListener("online", retry);
  }, []);
  if (failed) return html`<p class="sign"><${Icon} name="file" />${LOST}</p>`;
  return html`<${as} ...${rest} onError=${() => setFailed(true)} />`;
}

const Film = ({ url }) => html`
  <${Loaded} as=${Moving} url=${url} />
  <span class="more"><${Icon} name="play" /></span>
`;

/** Moves while one points at it, unless one would rather have nothing move; loaded while it is near what one sees. */
function Moving({ url, onError }) {
  const film = useRef();
  const near = useNear(film);
  useEffect(() => {
    const { current } = film;
    if (near) current.src = firstFrame(url);
    else current.removeAttribute("src");
    // Browsers hold only so many at a time: one that is far gives its place away.
    current.load();
  }, [near, url]);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const play = ({ currentTarget }) => still || currentTarget.play().catch(() => {});
  return html`
    <video ref=${film} muted loop playsinline preload="metadata" onError=${onError} onMouseEnter=${play}
      onMouseLeave=${({ currentTarget }) => currentTarget.pause()} />
  `;
}

/** Phones show nothing of a film before it plays, but of one that starts later. */
const firstFrame = (url) => `${url}#t=0.001`;

function useNear(film) {
  const [near, setNear] = useState(false);
  useEffect(() => {
    const watcher = new IntersectionObserver((seen) => setNear(seen.at(-1).isIntersecting), { rootMargin: NEAR });
    watcher.observe(film.current);
    return () => watcher.disconnect();
  }, []);
  return near;
}

/** All of an output, each part as large as there is room. */
export function Whole({ prediction, title }) {
  const { files, text, rest } = partsOfPrediction(prediction);
  const nameOf = (n) => (files.length > 1 ? `${title}, ${n + 1}` : title);
  return html`
    ${files.map((file, n) => html`<${File} key=${file.url} file=${file} title=${nameOf(n)} />`)}
    ${text && html`<p class="words">${text}</p>`}
    ${rest !== null && html`<pre class="words">${JSON.stringify(rest, null, 2)}</pre>`}
    ${!files.length && !text && rest === null && html`<${Nothing} />`}
  `;
}

function File({ file: { url, kind, name }, title }) {
  switch (kind) {
    case "image":
      return html`<a href=${url} target="_blank" rel="noopener"><${Loaded} as="img" src=${url} alt=${title} /></a>`;
    case "video":
      return html`
        <${Loaded} as="video" src=${firstFrame(url)} controls playsinline preload="metadata" aria-label=${title} />
      `;
    case "audio":
      return html`<${Loaded} as="audio" src=${url} controls preload="metadata" aria-label=${title} />`;
    default:
      return html`<a class="sign" href=${url} target="_blank" rel="noopener"><${Icon} name="file" />${name}</a>`;
  }
}
