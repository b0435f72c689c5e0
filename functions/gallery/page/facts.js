// What is known of a prediction, part by part.
import { useRef, useState } from "preact/hooks";
import { holdsRounded, shown } from "./exact.js";
import { html, Icon } from "./html.js";
import { snippetsOf } from "./snippets.js";
import { isOver, lasted, timelineOf } from "./states.js";

const COPIED_MS = 1500;
const LONG = 1000;

export function Links({ files, text, say }) {
  return html`
    <h3>Output</h3>
    <ul class="links" role="list">
      ${files.map(
        ({ url, name }) => html`
          <li>
            <a class="code" href=${url} target="_blank" rel="noopener">${name}<${Icon} name="open" /></a>
            <${Copy} text=${url} what=${`link to ${name}`} say=${say} label="Copy link" />
          </li>
        `,
      )}
      ${text && html`<li><span>Text</span><${Copy} text=${text} what="text" say=${say} label="Copy text" /></li>`}
    </ul>
  `;
}

export function Input({ input }) {
  const entries = Object.entries(input);
  if (!entries.length) return html`<p class="meta">Nothing.</p>`;
  return html`
    <dl>${entries.map(([name, value]) => html`<dt class="code">${name}</dt><dd>${folded(shown(value))}</dd>`)}</dl>
  `;
}

/** A file may stand in an input as a text of a megabyte. */
function folded(text) {
  if (text.length <= LONG) return text;
  return html`<details><summary>${text.slice(0, LONG / 10)} … <span class="meta">all</span></summary>${text}</details>`;
}

/** How long it ran, and how many of a batch ended in which way. */
export function Metrics({ prediction: { metrics, urls } }) {
  const { predict_time: ran, counts } = metrics;
  const ends = Object.entries(counts ?? {}).map(([word, n]) => `${n} ${word}`);
  return html`
    ${typeof ran === "number" && html`<dt>Ran for</dt><dd>${lasted(ran)}</dd>`}
    ${ends.length > 0 && html`<dt>Items</dt><dd>${ends.join(", ")}: <span class="code">${urls.get}/items</span></dd>`}
  `;
}

export function Timeline({ prediction }) {
  const steps = timelineOf(prediction);
  const told = Object.entries(prediction.webhook_deliveries ?? {});
  return html`
    <ol class="timeline" role="list">
      ${steps.map(
        ({ name, at, seconds }, n) => html`
          <${Step} name=${name} at=${at} since=${steps[0].at} note=${n ? `+ ${lasted(seconds)}` : day(at)} />
        `,
      )}
      ${!isOver(prediction) && html`<${Step} name="Stopped if not over by" at=${prediction.deadline} since=${steps[0].at} todo />`}
      ${told.map(
        ([event, { attempts, delivered_at: at }]) => html`
          <${Step} name=${`Told of ${event}`} at=${at} since=${steps[0].at} otherwise="not heard yet"
            note=${`${attempts} ×`} />
        `,
      )}
    </ol>
  `;
}

/** With its day, unless that is the day on which it all began. */
const Step = ({ name, at, since, note, todo, otherwise }) => html`
  <li class=${todo ? "todo" : undefined}>
    <span>${name}</span>
    ${
      at
        ? html`<time datetime=${at} title=${at}>${day(at) === day(since) ? "" : `${day(at)}, `}${time(at)}</time>`
        : html`<span>${otherwise}</span>`
    }
    <span class="meta">${note}</span>
  </li>
`;

const time = (stamp) => new Date(stamp).toLocaleTimeString("en-GB", { timeStyle: "medium" });
const day = (stamp) => new Date(stamp).toLocaleDateString("en-GB", { day: "numeric", month: "short" });

const ROUNDED = "This page would round a number of its input. Run again repeats it as it was.";

export function Again({ prediction, say }) {
  if (holdsRounded([prediction.input, prediction.options])) return html`<p class="meta">${ROUNDED}</p>`;
  return html`<${Snippets} prediction=${prediction} say=${say} />`;
}

function Snippets({ prediction, say }) {
  const snippets = snippetsOf(prediction, location.origin);
  const names = Object.keys(snippets);
  const [chosen, setChosen] = useState(names[0]);
  const tabs = useRef();
  const move = ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (!step) return;
    const n = (names.indexOf(chosen) + step + names.length) % names.length;
    setChosen(names[n]);
    tabs.current.children[n].focus();
  };
  return html`
    <div class="tabs" role="tablist" aria-label="Client" ref=${tabs} onKeyDown=${move}>
      ${names.map(
        (name) => html`
          <button role="tab" id=${`tab-${name}`} aria-controls="snippet" aria-selected=${String(name === chosen)}
            tabindex=${name === chosen ? 0 : -1} onClick=${() => setChosen(name)}>${name}</button>
        `,
      )}
    </div>
    <div class="snippet" id="snippet" role="tabpanel" aria-labelledby=${`tab-${chosen}`}>
      <pre tabindex="0" aria-label=${`${chosen} snippet`}>${snippets[chosen]}</pre>
      <${Copy} text=${snippets[chosen]} what=${`${chosen} snippet`} say=${say} />
    </div>
  `;
}

export function Copy({ text, what, say, label }) {
  const [copied, setCopied] = useState(false);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), COPIED_MS);
      say(`Copied: ${what}`);
    } catch {
      say("The browser does not let this page copy: select the text instead");
    }
  }
  return html`
    <button class="quiet tiny" onClick=${copy} aria-label=${`Copy ${what}`}>
      <${Icon} name=${copied ? "check" : "copy"} />${label}
    </button>
  `;
}
