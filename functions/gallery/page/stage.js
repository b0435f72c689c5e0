// What stands in the place of a prediction's output: that, or a bar, or why there is none.
import { html, Icon, useNow } from "./html.js";
import { partsOfPrediction, Thumbnail } from "./media.js";
import { isOver, lasted, progressOf, sentenceOf, stateOf, titleOf, WORDS } from "./states.js";

const SIGNS = { refused: "refused", failed: "alert", canceled: "stop", deleted: "trash" };
const SECOND_MS = 1000;

export function Stage({ prediction }) {
  const state = stateOf(prediction);
  if (state === "succeeded") return html`<${Thumbnail} prediction=${prediction} />`;
  if (!isOver(prediction)) return html`<${Progress} prediction=${prediction} />`;
  return html`<p class="sign"><${Icon} name=${SIGNS[state]} />${sentenceOf(prediction)}</p>`;
}

function Progress({ prediction }) {
  const now = useNow(SECOND_MS);
  const fraction = progressOf(prediction);
  const seconds = Math.max(0, (now - Date.parse(prediction.created_at)) / 1000);
  const { text } = partsOfPrediction(prediction);
  const share = fraction === null ? "" : `${Math.round(100 * fraction)} % · `;
  return html`
    <div class="sign moving">
      <progress max="1" value=${fraction ?? undefined} aria-label=${`Progress of ${titleOf(prediction)}`}></progress>
      <span>${WORDS[prediction.status]} · ${share}${lasted(seconds)}</span>
      ${text && html`<p class="words">${text.slice(-300)}</p>`}
    </div>
  `;
}
