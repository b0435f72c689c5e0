// Where predictions are made: a model, its input, and how many at once.
import { useEffect, useRef, useState } from "preact/hooks";
import { Field, Model } from "./fields.js";
import { Button, html, Icon } from "./html.js";
import { fieldsOf, keyOf, saidBy } from "./schemas.js";

const COUNTS = [1, 2, 3, 4, 6, 8];
const LAST = "lumeo.model";
const UNREADABLE = "Something in the input cannot be read.";

export function Composer({ api, shelf, say }) {
  const [offered, setOffered] = useState([]);
  const [model, setModel] = useState(sessionStorage.getItem(LAST) ?? "");
  const [texts, setTexts] = useState({});
  const [count, setCount] = useState(1);
  const [problem, setProblem] = useState(null);
  const [sending, setSending] = useState(false);
  const [uploads, setUploads] = useState(0);
  const { fields, missing, of } = useFields(api, model);
  const ready = of === model && model !== "" && missing === "" && uploads === 0;
  const under = useRef(false);
  // What is made belongs to the grid as it is by then.
  const grid = useRef();
  grid.current = shelf;

  useEffect(() => {
    api.catalogue().then(({ results }) => {
      const names = results.map((one) => ({ name: `${one.owner}/${one.name}`, description: one.description ?? "" }));
      setOffered(names);
      setModel((chosen) => chosen || (names[0]?.name ?? ""));
    }, setProblem);
  }, [api]);

  const write = (field) => (text) => setTexts((before) => ({ ...before, [keyOf(field)]: text }));
  async function upload(file) {
    setUploads((n) => n + 1);
    return api.upload(file).finally(() => setUploads((n) => n - 1));
  }

  async function submit(event) {
    event.preventDefault();
    // A form is sent whatever its button says: before the model is known, and again while it is under way.
    if (!ready || under.current) return;
    const { input, wrong } = read(fields, texts);
    if (Object.keys(wrong).length) return setProblem({ message: UNREADABLE, fields: wrong });
    under.current = true;
    setSending(true);
    setProblem(null);
    // Not with the answers, which may come to whoever signed in next.
    sessionStorage.setItem(LAST, model);
    const made = await Promise.allSettled(Array.from({ length: count }, () => api.submit(model, input)));
    under.current = false;
    setSending(false);
    const submitted = made.filter((one) => one.status === "fulfilled");
    for (const one of submitted) grid.current.add(one.value);
    if (submitted.length) say(submitted.length === 1 ? "Submitted" : `Submitted ${submitted.length} predictions`);
    setProblem(made.find((one) => one.status === "rejected")?.reason ?? null);
  }

  const hurry = ({ key, metaKey, ctrlKey, repeat, currentTarget }) =>
    key === "Enter" && (metaKey || ctrlKey) && !repeat && currentTarget.requestSubmit();
  const prompt = fields.find((field) => field.name === "prompt");
  const others = fields.filter((field) => field !== prompt);
  const needed = !prompt || others.some((field) => field.required || problem?.fields?.[field.name]);
  const settings = useRef();
  useEffect(() => {
    if (needed && settings.current) settings.current.open = true;
  }, [needed, fields]);
  const field = (one) => html`
    <${Field} key=${keyOf(one)} field=${one} text=${texts[keyOf(one)]} write=${write(one)} upload=${upload}
      wrong=${problem?.fields?.[one.name]} />
  `;

  return html`
    <form class="composer" onSubmit=${submit} onKeyDown=${hurry} aria-label="New prediction" novalidate>
      ${prompt && field({ ...prompt, label: "Prompt", large: true })}
      <div class="row">
        <${Model} model=${model} choose=${setModel} offered=${offered} missing=${missing} />
        <label class="field small">
          <span>How many</span>
          <select value=${count} onChange=${(event) => setCount(Number(event.currentTarget.value))}>
            ${COUNTS.map((one) => html`<option value=${one}>${one}</option>`)}
          </select>
        </label>
        <${Button} type="submit" class="primary" idle=${sending || !ready}>${sending ? "Submitting …" : "Run"}<//>
      </div>
      ${
        others.length > 0 &&
        html`
        <details class="settings" ref=${settings}>
          <summary>Settings <span class="meta">of ${model}</span></summary>
          <div class="fields">${others.map(field)}</div>
        </details>
      `
      }
      ${problem && html`<p class="problem" role="alert"><${Icon} name="alert" />${problem.message}</p>`}
    </form>
  `;
}

/** The fields of a model's input; a prompt and JSON where its schema is not known. */
function useFields(api, model) {
  const [known, setKnown] = useState({ fields: UNKNOWN, missing: "", of: "" });
  useEffect(() => {
    let current = true;
    const keep = (found) => current && setKnown({ ...found, of: model });
    if (!/^[^/]+\/[^/]+$/.test(model)) {
      keep({ fields: UNKNOWN, missing: model && "A model is written owner/name." });
      return;
    }
    const asked = setTimeout(() => {
      api.model(model).then(
        (found) => keep({ fields: orUnknown(fieldsOf(found.latest_version)), missing: "" }),
        ({ status }) => keep({ fields: UNKNOWN, missing: status === 404 ? "There is no model of that name." : "" }),
      );
    }, 250);
    return () => {
      current = false;
      clearTimeout(asked);
    };
  }, [api, model]);
  return known;
}

const UNKNOWN = [
  { name: "prompt", kind: "text", label: "Prompt", hint: "", choices: [] },
  { name: "", kind: "json", label: "Further input", hint: 'As a JSON object, such as {"seed": 7}', choices: [] },
];

const orUnknown = (fields) => (fields.length ? fields : UNKNOWN);

/** The input that the form says, and what is wrong with it, by field. */
function read(fields, texts) {
  const input = {};
  const wrong = {};
  for (const field of fields) {
    try {
      const value = saidBy(field, texts[keyOf(field)]);
      if (field.name === "" && value) Object.assign(input, value);
      else if (value !== undefined) input[field.name] = value;
    } catch (error) {
      wrong[field.name] = error.message;
    }
  }
  return { input, wrong };
}
