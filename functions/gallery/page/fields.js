// The fields of the form.
import { useRef, useState } from "preact/hooks";
import { html } from "./html.js";

export function Model({ model, choose, offered, missing }) {
  const described = offered.find((one) => one.name === model)?.description;
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

export function Field({ field, text, write, wrong, api }) {
  const id = `field-${field.name || "more"}`;
  const said = {
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
      <${Control} field=${field} text=${text} said=${said} write=${write} api=${api} />
      <small id=${`${id}-note`} class=${wrong ? "problem" : ""}>${wrong ?? field.hint}</small>
    </div>
  `;
}

function Control({ field, text, said, write, api }) {
  const preset = field.preset === undefined || field.preset === null ? "" : String(field.preset);
  switch (field.kind) {
    case "choice":
    case "boolean": {
      const choices = field.kind === "boolean" ? ["true", "false"] : field.choices.map(String);
      return html`
        <select ...${said} value=${text ?? ""}>
          <option value="">${preset === "" ? "The model's own" : `${preset} (the model's own)`}</option>
          ${choices.map((choice) => html`<option value=${choice}>${choice}</option>`)}
        </select>
      `;
    }
    case "integer":
    case "number":
      return html`
        <input ...${said} type="number" value=${text ?? ""} placeholder=${preset} min=${field.min} max=${field.max}
          step=${field.kind === "integer" ? 1 : "any"} />
      `;
    case "file":
      return html`<${FileField} text=${text} said=${said} write=${write} api=${api} />`;
    case "json":
      return html`<textarea ...${said} class="code" rows="2" value=${text ?? ""} spellcheck=${false} />`;
    default:
      return html`<textarea ...${said} rows=${field.large ? 2 : 1} value=${text ?? ""} placeholder=${preset} />`;
  }
}

/** A file goes by its address: one that is somewhere, or of one that is handed in here. */
function FileField({ text, said, write, api }) {
  const [state, setState] = useState("");
  const chooser = useRef();
  async function upload({ currentTarget }) {
    const [file] = currentTarget.files;
    if (!file) return;
    setState(`Handing in ${file.name} …`);
    try {
      write((await api.upload(file)).urls.get);
      setState(`${file.name} is handed in.`);
    } catch (problem) {
      setState(problem.message);
    }
  }
  return html`
    <div class="row">
      <input ...${said} type="url" value=${text ?? ""} placeholder="https://…" />
      <button type="button" class="quiet" onClick=${() => chooser.current.click()}>Choose a file</button>
      <input type="file" hidden ref=${chooser} onChange=${upload} tabindex="-1" />
    </div>
    <small role="status">${state}</small>
  `;
}
