// An output as itself: pictures, films, sounds and texts.
import { html, Icon } from "./html.js";
import { partsOf } from "./outputs.js";

const ORIGIN = document.querySelector("meta[name=outputs]").content;
const MOSAIC = 4;

export const partsOfPrediction = (prediction) => partsOf(prediction.output, ORIGIN);

/** An output in a small square: the first of its pictures or films, else its words. */
export function Thumbnail({ prediction, title }) {
  const { files, text, rest } = partsOfPrediction(prediction);
  const pictures = files.filter((file) => file.kind === "image");
  if (pictures.length) return html`<${Mosaic} pictures=${pictures} title=${title} more=${files.length - MOSAIC} />`;
  const first = files[0];
  if (first?.kind === "video") return html`<${Film} url=${first.url} />`;
  if (text) return html`<p class="words">${text.slice(0, 600)}</p>`;
  if (first) {
    return html`<p class="sign"><${Icon} name=${first.kind === "audio" ? "audio" : "file"} />${first.name}</p>`;
  }
  return html`<pre class="words">${JSON.stringify(rest, null, 1)?.slice(0, 600)}</pre>`;
}

function Mosaic({ pictures, title, more }) {
  const shown = pictures.slice(0, MOSAIC);
  return html`
    <div class="mosaic" data-count=${shown.length}>
      ${shown.map(({ url }, n) => html`<img src=${url} alt=${n ? "" : title} loading="lazy" decoding="async" />`)}
      ${more > 0 && html`<span class="more">+${more}</span>`}
    </div>
  `;
}

/** Moves while one points at it, unless one would rather have nothing move. */
function Film({ url }) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const play = ({ currentTarget }) => still || currentTarget.play().catch(() => {});
  return html`
    <video src=${url} muted loop playsinline preload="metadata" onMouseEnter=${play}
      onMouseLeave=${({ currentTarget }) => currentTarget.pause()} />
    <span class="more"><${Icon} name="play" /></span>
  `;
}

/** All of an output, each part as large as there is room. */
export function Whole({ prediction, title }) {
  const { files, text, rest } = partsOfPrediction(prediction);
  return html`
    ${files.map((file, n) => html`<${File} file=${file} title=${files.length > 1 ? `${title}, ${n + 1}` : title} />`)}
    ${text && html`<p class="words">${text}</p>`}
    ${rest !== null && html`<pre class="words">${JSON.stringify(rest, null, 2)}</pre>`}
  `;
}

function File({ file, title }) {
  switch (file.kind) {
    case "image":
      return html`<a href=${file.url} target="_blank" rel="noopener"><img src=${file.url} alt=${title} /></a>`;
    case "video":
      return html`<video src=${file.url} controls playsinline preload="metadata" aria-label=${title} />`;
    case "audio":
      return html`<audio src=${file.url} controls preload="metadata" aria-label=${title} />`;
    default:
      return html`
        <a class="sign" href=${file.url} target="_blank" rel="noopener"><${Icon} name="file" />${file.name}</a>
      `;
  }
}
