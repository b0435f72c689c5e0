// What can be done about a prediction.
import { useState } from "preact/hooks";
import { html, Icon } from "./html.js";
import { isOver } from "./states.js";

export function Actions({ prediction, api, shelf, place, say }) {
  const [asked, setAsked] = useState(false);
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const { id } = prediction;
  const does = (act) => async () => {
    setBusy(true);
    setProblem(null);
    await act().catch(setProblem);
    setBusy(false);
  };
  const cancel = does(async () => {
    const now = await api.cancel(id);
    shelf.update(now);
    say(isOver(now) ? "Canceled" : "It will stop as soon as its provider allows");
  });
  const rerun = does(async () => {
    const made = await api.rerun(id);
    shelf.add(made);
    place.open(made.id);
    say("Submitted again");
  });
  const remove = does(async () => {
    await api.remove(id);
    shelf.update(await api.get(id));
    setAsked(false);
    say("Deleted");
  });
  const over = isOver(prediction);
  const there = !prediction.data_removed;
  return html`
    <div class="row actions">
      ${!over && html`<${Action} icon="stop" name="Cancel" busy=${busy} act=${cancel} />`}
      ${there && html`<${Action} icon="rerun" name="Run again" busy=${busy} act=${rerun} />`}
      ${over && there && !asked && html`<${Action} icon="trash" name="Delete" act=${() => setAsked(true)} />`}
      ${asked && html`<${Sure} busy=${busy} act=${remove} keep=${() => setAsked(false)} />`}
    </div>
    ${problem && html`<p class="problem" role="alert">${problem.message}</p>`}
  `;
}

const Action = ({ icon, name, busy, act }) => html`
  <button class="quiet" disabled=${busy} onClick=${act}><${Icon} name=${icon} />${name}</button>
`;

/** Whoever presses twice keeps it. */
const Sure = ({ busy, act, keep }) => html`
  <span class="row" role="group" aria-label="Delete input and output for good?">
    <button class="quiet" onClick=${keep} ref=${focus}>Keep</button>
    <button class="danger" disabled=${busy} onClick=${act}>Delete for good</button>
  </span>
`;

const focus = (button) => button?.focus();
