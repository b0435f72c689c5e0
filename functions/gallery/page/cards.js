// The grid: a card for each prediction, as many as there are.
import { Component } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Button, html, useChanges, useNow } from "./html.js";
import { partsOfPrediction } from "./media.js";
import { Stage } from "./stage.js";
import { WORDS, ago, stateOf, titleOf } from "./states.js";

const EARLY = "600px";
const MINUTE_MS = 60_000;

export function Grid({ shelf, place }) {
  useChanges(shelf);
  const now = useNow(MINUTE_MS);
  const narrowed = Object.keys(place.filters).length > 0;
  const empty = shelf.complete && !shelf.ids.length;
  const nothing = narrowed ? "Nothing here has that status and model." : "Nothing here yet. What you run appears here.";
  const card = (id) => html`<${Card} key=${id} prediction=${shelf.byId.get(id)} place=${place} now=${now} />`;
  return html`
    <ul class="grid" role="list" aria-label="Predictions">${shelf.ids.map(card)}</ul>
    ${empty && html`<p class="note">${nothing}</p>`}
    ${shelf.problem && html`<p class="note problem" role="alert">${shelf.problem.message}</p>`}
    ${!shelf.complete && html`<${More} shelf=${shelf} />`}
  `;
}

/** Loads what is older before one gets there; a button for whoever does not scroll. */
function More({ shelf }) {
  const end = useRef();
  useEffect(() => {
    const watcher = new IntersectionObserver(([entry]) => entry.isIntersecting && !shelf.problem && shelf.more(), {
      rootMargin: EARLY,
    });
    watcher.observe(end.current);
    return () => watcher.disconnect();
    // Again after each page: one that was filtered may bring nothing into view.
  }, [shelf, shelf.next, shelf.problem]);
  return html`
    <div ref=${end}>
      <${Button} class="quiet wide" idle=${shelf.loading} act=${() => shelf.more()} heir=${lastCard}>
        ${shelf.loading ? "Loading …" : shelf.problem ? "Try again" : "Show more"}
      <//>
    </div>
  `;
}

const lastCard = () => document.querySelector(".card:last-child a");

/** Drawn again only when it changed, and once a minute: there may be thousands. */
class Card extends Component {
  shouldComponentUpdate({ prediction, now }) {
    return prediction !== this.props.prediction || now !== this.props.now;
  }

  render({ prediction, place, now }) {
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
          <div class="stage"><${Stage} prediction=${prediction} /></div>
          <div class="caption">
            <span class="title">${title}</span>
            <span class="meta">
              <span class="state">${WORDS[state]}</span> · ${prediction.model || prediction.provider} · ${" "}
              <time datetime=${prediction.created_at}>${ago(prediction.created_at, now)}</time>
            </span>
          </div>
        </a>
        ${sound && html`<audio src=${sound.url} controls preload="none" aria-label=${`Play: ${title}`} />`}
      </li>
    `;
  }
}
