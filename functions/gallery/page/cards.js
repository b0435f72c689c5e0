// The grid: a card for each prediction, as many as there are.
import { useEffect, useRef } from "preact/hooks";
import { html, Icon, useChanges } from "./html.js";
import { Thumbnail, partsOfPrediction } from "./media.js";
import { WORDS, ago, isOver, lasted, progressOf, sentenceOf, stateOf, titleOf } from "./states.js";

const AHEAD = "600px";

export function Grid({ shelf, place }) {
  useChanges(shelf);
  const narrowed = Object.keys(place.filters).length > 0;
  const empty = shelf.complete && !shelf.ids.length;
  const nothing = narrowed ? "Nothing here has that status and model." : "Nothing here yet. What you run appears here.";
  return html`
    <ul class="grid" aria-label="Predictions">
      ${shelf.ids.map((id) => html`<${Card} key=${id} prediction=${shelf.byId.get(id)} place=${place} />`)}
    </ul>
    ${empty && html`<p class="note">${nothing}</p>`}
    ${shelf.problem && html`<p class="note problem" role="alert">${shelf.problem.message}</p>`}
    ${!shelf.complete && html`<${More} shelf=${shelf} />`}
  `;
}

/** Loads what is older before one gets there; a button for whoever does not scroll. */
function More({ shelf }) {
  const seen = useRef();
  useEffect(() => {
    const watcher = new IntersectionObserver(([entry]) => entry.isIntersecting && !shelf.problem && shelf.more(), {
      rootMargin: AHEAD,
    });
    watcher.observe(seen.current);
    return () => watcher.disconnect();
    // Again after each page: one that was filtered may bring nothing into view.
  }, [shelf, shelf.next, shelf.problem]);
  return html`
    <button class="quiet wide" ref=${seen} disabled=${shelf.loading} onClick=${() => shelf.more()}>
      ${shelf.loading ? "Loading …" : shelf.problem ? "Try again" : "Show more"}
    </button>
  `;
}

function Card({ prediction, place }) {
  const state = stateOf(prediction);
  const title = titleOf(prediction);
  const open = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    place.open(prediction.id);
  };
  const sound = state === "succeeded" && partsOfPrediction(prediction).files.find((file) => file.kind === "audio");
  return html`
    <li class="card" data-state=${state}>
      <a href=${place.of(prediction.id)} onClick=${open}>
        <div class="stage"><${Stage} prediction=${prediction} state=${state} title=${title} /></div>
        <div class="caption">
          <span class="title">${title}</span>
          <span class="meta">
            <span class="state">${WORDS[state]}</span> · ${prediction.model || prediction.provider} · ${" "}
            <time datetime=${prediction.created_at}>${ago(prediction.created_at)}</time>
          </span>
        </div>
      </a>
      ${sound && html`<audio src=${sound.url} controls preload="none" aria-label=${`Play: ${title}`} />`}
    </li>
  `;
}

const SIGNS = { refused: "refused", failed: "alert", canceled: "stop", deleted: "trash" };

/** What stands where its picture would. */
export function Stage({ prediction, state, title }) {
  if (state === "succeeded") return html`<${Thumbnail} prediction=${prediction} title=${title} />`;
  if (!isOver(prediction)) return html`<${Progress} prediction=${prediction} />`;
  return html`<p class="sign"><${Icon} name=${SIGNS[state]} />${sentenceOf(prediction)}</p>`;
}

export function Progress({ prediction }) {
  const fraction = progressOf(prediction);
  const seconds = Math.max(0, (Date.now() - Date.parse(prediction.created_at)) / 1000);
  const { text } = partsOfPrediction(prediction);
  const share = fraction === null ? "" : `${Math.round(100 * fraction)} % · `;
  return html`
    <div class="sign moving">
      <progress max="1" value=${fraction ?? undefined} aria-label="Progress"></progress>
      <span>${WORDS[prediction.status]} · ${share}${lasted(seconds)}</span>
      ${text && html`<p class="words">${text.slice(-300)}</p>`}
    </div>
  `;
}
