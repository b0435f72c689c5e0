// What can be done about a prediction.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button, html, Icon } from "./html.js";
import { isOver, stateOf, WORDS } from "./states.js";

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
    say(isOver(now) ? WORDS[stateOf(now)] : "It will stop as soon as its provider allows");
  });
  const rerun = does(async () => {
    const made = await api.rerun(id);
    shelf.add(made);
    // Only for whoever still waits for it.
    if (place.id === id) place.open(made.id);
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
      ${!over && html`<${Action} icon="stop" name="Cancel" idle=${busy} act=${cancel} />`}
      ${there && html`<${Action} icon="rerun" name="Run again" idle=${busy} act=${rerun} />`}
      ${over && there && !asked && html`<${Action} icon="trash" name="Delete" act=${() => setAsked(true)} />`}
      ${asked && html`<${Sure} idle=${busy} act=${remove} keep=${() => setAsked(false)} />`}
    </div>
    ${problem && html`<p class="problem" role="alert">${problem.message}</p>`}
  `;
}

const Action = ({ icon, name, idle, act }) => html`
  <${Button} class="quiet" idle=${idle} act=${act}><${Icon} name=${icon} />${name}<//>
`;

/** Whoever presses twice keeps it. */
function Sure({ idle, act, keep }) {
  const both = useRef();
  useLayoutEffect(() => both.current.firstElementChild.focus(), []);
  return html`
    <span class="row" role="group" aria-label="Delete input and output for good?" ref=${both}>
      <${Button} class="quiet" idle=${idle} act=${keep}>Keep<//>
      <${Button} class="danger" idle=${idle} act=${act}>Delete for good<//>
    </span>
  `;
}
