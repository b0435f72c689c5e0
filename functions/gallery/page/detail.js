// One prediction, whole: what it made, what became of it when, and how to run it again.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Actions } from "./actions.js";
import { Again, Copy, Input, Links, Metrics, Timeline } from "./facts.js";
import { Button, html, Icon, useChanges } from "./html.js";
import { partsOfPrediction, Whole } from "./media.js";
import { Stage } from "./stage.js";
import { isOver, sentenceOf, stateOf, titleOf, WORDS } from "./states.js";

export function Detail({ api, shelf, place, say, children }) {
  useChanges(shelf);
  const { id } = place;
  const prediction = shelf.byId.get(id);
  const problem = useRead(shelf, id);
  const dialog = useRef();
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown.showModal();
    // Not on a button, which a key that is still held would press.
    shown.focus();
    // Closed before it is taken away, so that the focus goes back to where it was.
    return () => shown.close();
  }, []);
  useLayoutEffect(() => {
    // What had it may have gone with the one before, and keys are heard only in here.
    if (!dialog.current.contains(document.activeElement)) dialog.current.focus();
  }, [id]);

  const at = shelf.ids.indexOf(id);
  const [newer, older] = at < 0 ? [] : [shelf.ids[at - 1], shelf.ids[at + 1]];
  const turn = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest("input, textarea, select, audio, video, pre, [role=tab]")) return;
    const other = { ArrowLeft: newer, ArrowRight: older }[event.key];
    if (other) place.open(other);
  };
  const leave = (event) => {
    event.preventDefault();
    place.close();
  };
  const pressedBeside = useRef(false);
  const press = (event) => {
    pressedBeside.current = isBeside(dialog.current, event);
  };
  const release = (event) => pressedBeside.current && isBeside(dialog.current, event) && place.close();
  return html`
    <dialog ref=${dialog} class="detail" tabindex="-1" aria-label=${prediction ? titleOf(prediction) : "Prediction"}
      onCancel=${leave} onKeyDown=${turn} onPointerDown=${press} onClick=${release}>
      <div class="bar">
        <${Tool} name="Newer" icon="back" open=${newer && (() => place.open(newer))} />
        <${Tool} name="Older" icon="next" open=${older && (() => place.open(older))} />
        <span class="spring"></span>
        <${Tool} name="Close" icon="close" open=${() => place.close()} />
      </div>
      ${
        prediction
          ? html`<${Prediction} key=${id} prediction=${prediction} api=${api} shelf=${shelf} place=${place} say=${say} />`
          : html`<p class="note" role="status">${problem ? wordsFor(problem) : "Loading …"}</p>`
      }
      ${children}
    </dialog>
  `;
}

const Tool = ({ name, icon, open }) => html`
  <${Button} class="quiet" aria-label=${name} idle=${!open} act=${open}><${Icon} name=${icon} /><//>
`;

/** Whether one points at what is around the dialog: its own empty parts are the dialog, too. */
function isBeside(dialog, { target, clientX: x, clientY: y }) {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return target === dialog && (x < left || x > right || y < top || y > bottom);
}

const wordsFor = (problem) =>
  problem.status === 404 ? "There is no such prediction here, or it belongs to another key." : problem.message;

/** Reads one that is not known yet; what went wrong, if anything. */
function useRead(shelf, id) {
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    let current = true;
    setProblem(null);
    if (!shelf.byId.has(id)) shelf.read(id).catch((found) => current && setProblem(found));
    return () => {
      current = false;
    };
  }, [shelf, id]);
  return problem;
}

function Prediction({ prediction, api, shelf, place, say }) {
  const state = stateOf(prediction);
  const title = titleOf(prediction);
  const { files, text } = partsOfPrediction(prediction);
  const sentence = sentenceOf(prediction);
  return html`
    <div class="both">
      <section class="whole" data-state=${state} data-many=${files.length > 1 || undefined} aria-label="Output"
        tabindex="0">
        ${
          prediction.output !== null && isOver(prediction)
            ? html`<${Whole} prediction=${prediction} title=${title} />`
            : html`<${Stage} prediction=${prediction} />`
        }
      </section>
      <section class="facts" aria-label="Facts">
        <h2>${title}</h2>
        <p class="badge" data-state=${state}><span class="state">${WORDS[state]}</span> ${sentence}</p>
        <${Actions} prediction=${prediction} api=${api} shelf=${shelf} place=${place} say=${say} />
        ${prediction.warnings.map(({ detail }) => html`<p class="hint">${detail}</p>`)}
        ${(files.length > 0 || text) && html`<${Links} files=${files} text=${text} say=${say} />`}
        <h3>Model</h3>
        <dl>
          <dt>Model</dt><dd>${prediction.model || "–"}</dd>
          <dt>Version</dt><dd class="code">${prediction.version}</dd>
          <dt>Provider</dt><dd>${prediction.provider}</dd>
          <dt>Id</dt><dd class="code">${prediction.id} <${Copy} text=${prediction.id} what="id" say=${say} /></dd>
          <${Metrics} prediction=${prediction} />
          ${prediction.rerun_of && html`<${Before} id=${prediction.rerun_of} place=${place} />`}
        </dl>
        <h3>Input</h3>
        <${Input} input=${prediction.input} />
        <h3>Timeline</h3>
        <${Timeline} prediction=${prediction} />
        ${
          prediction.logs &&
          html`
          <details><summary>Log</summary><pre tabindex="0" aria-label="Log">${prediction.logs}</pre></details>
        `
        }
        ${!prediction.data_removed && html`<h3>Run it again by</h3><${Again} prediction=${prediction} say=${say} />`}
      </section>
    </div>
  `;
}

const Before = ({ id, place }) => html`
  <dt>Rerun of</dt>
  <dd><button class="link" onClick=${() => place.open(id)}>${id}</button></dd>
`;
