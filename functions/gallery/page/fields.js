// The fields of the form.
import { useRef, useState } from "preact/hooks";
import { shown } from "./exact.js";
import { Button, html } from "./html.js";

export function Model({ model, choose, offered, missing }) {
  const described = model ? offered.find((one) => one.name === model)?.description : "Name one, such as owner/name.";
  return html`
    <div class="field">
      <label for="model">Model</label>
      <input id="model" list="models" value=${model} placeholder="owner/name" spellcheck=${false} autocapitalize="off"
        aria-describedby="model-note" aria-invalid=${missing ? "true" : undefined}
        onInput=${(event) => choose(event.currentTarget.value.trim())} />
      <datalist id="models">
        ${offered.map((one) => html`<option value=${one.name}>${one.description}</option>`)}
      </datalist>
      <small id="model-note" class=${missing ? "problem" : ""}>${missing || described}</small>
    </div>
  `;
}

export function Field({ field, text, write, wrong, upload }) {
  const id = `field-${field.name || "more"}`;
  const attributes = {
    id,
    name: field.name,
    "aria-describedby": `${id}-note`,
    "aria-invalid": wrong ? "true" : undefined,
    "aria-required": field.required ? "true" : undefined,
    onInput: (event) => write(event.currentTarget.value),
  };
  return html`
    <div class=${field.large ? "field large" : "field"}>
      <label for=${id}>
        ${field.label}${field.required && html`<span class="meta" aria-hidden="true"> · needed</span>`}
      </label>
      <${Control} field=${field} text=${text} attributes=${attributes} write=${write} upload=${upload} />
      <small id=${`${id}-note`} class=${wrong ? "problem" : ""}>${wrong ?? field.hint}</small>
    </div>
  `;
}

function Control({ field, text, attributes, write, upload }) {
  const preset = field.preset === undefined || field.preset === null ? "" : shown(field.preset);
  switch (field.kind) {
    case "choice":
    case "boolean": {
      const choices = field.kind === "boolean" ? ["true", "false"] : field.choices.map(shown);
      return html`
        <select ...${attributes} value=${text ?? ""}>
          <option value="">${preset === "" ? "The model's own" : `${preset} (the model's own)`}</option>
          ${choices.map((choice) => html`<option value=${choice}>${choice}</option>`)}
        </select>
      `;
    }
    case "integer":
    case "number":
      return html`
        <input ...${attributes} inputmode=${Number(shown(field.min)) >= 0 ? "decimal" : undefined} value=${text ?? ""} placeholder=${preset} />
      `;
    case "file":
      return html`
        <${FileField} label=${field.label} text=${text} attributes=${attributes} write=${write} upload=${upload} />
      `;
    case "json":
      return html`<textarea ...${attributes} class="code" rows="2" value=${text ?? ""} spellcheck=${false} />`;
    default:
      return html`<textarea ...${attributes} rows=${field.large ? 2 : 1} value=${text ?? ""} placeholder=${preset} />`;
  }
}

/** A file goes by its address: one that is somewhere, or of one that is handed in here. */
function FileField({ label, text, attributes, write, upload }) {
  const [state, setState] = useState("");
  const [failed, setFailed] = useState(false);
  const chooser = useRef();
  async function handIn({ currentTarget }) {
    const [file] = currentTarget.files;
    if (!file) return;
    // Else the same file could not be chosen again.
    currentTarget.value = "";
    setFailed(false);
    setState(`Handing in ${file.name} …`);
    try {
      write((await upload(file)).urls.get);
      setState(`${file.name} is handed in.`);
    } catch (problem) {
      setFailed(true);
      setState(`${file.name} is not handed in. ${problem.message}`);
    }
  }
  return html`
    <div class="row">
      <input ...${attributes} type="url" value=${text ?? ""} placeholder="https://…" />
      <${Button} class="quiet" aria-label=${`Choose a file: ${label}`} act=${() => chooser.current.click()}>
        Choose a file
      <//>
      <input type="file" hidden ref=${chooser} onChange=${handIn} tabindex="-1" />
    </div>
    <small role="status" class=${failed ? "problem" : ""}>${state}</small>
  `;
}
