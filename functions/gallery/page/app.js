// The gallery: sign in, make predictions, look at them.
import { render } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Api } from "./api.js";
import { Grid } from "./cards.js";
import { Composer } from "./composer.js";
import { Detail } from "./detail.js";
import { Button, html, Icon, useChanges } from "./html.js";
import { Place } from "./places.js";
import { Shelf } from "./shelf.js";
import { stateOf, titleOf, WORDS } from "./states.js";
import { Said, Voice } from "./voice.js";

const KEY = "lumeo.key";
const STATUSES = ["starting", "processing", "succeeded", "failed", "canceled"];
const SPOKEN = 60;

/** The key that `make run` puts behind its link. From elsewhere a link must not say whose page this becomes. */
function linkedKey() {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!key) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return ["127.0.0.1", "localhost"].includes(location.hostname) ? key : null;
}

function App() {
  const [key, setKey] = useState(() => linkedKey() ?? sessionStorage.getItem(KEY));
  const [refused, setRefused] = useState("");
  const place = useMemo(() => new Place(), []);
  const refuse = () => {
    sessionStorage.clear();
    setRefused("This key is no longer taken.");
    setKey(null);
  };
  const signOut = () => {
    sessionStorage.clear();
    // Whoever is next here need not know what this one looked at.
    place.reset();
    setRefused("");
    setKey(null);
  };
  const signIn = (given) => {
    sessionStorage.setItem(KEY, given);
    setKey(given);
  };
  useEffect(() => {
    if (key) signIn(key);
    const follow = () => {
      const linked = linkedKey();
      if (linked) signIn(linked);
    };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  if (!key) return html`<${SignIn} refused=${refused} signIn=${signIn} />`;
  return html`<${Gallery} key=${key} apiKey=${key} place=${place} signOut=${signOut} refuse=${refuse} />`;
}

function SignIn({ refused, signIn }) {
  const [problem, setProblem] = useState(refused);
  const [asking, setAsking] = useState(false);
  useEffect(() => {
    document.title = "Lumeo";
  }, []);
  async function submit(event) {
    event.preventDefault();
    if (asking) return;
    const given = new FormData(event.currentTarget).get("key").trim();
    if (!given) return setProblem("Paste an API key. make key prints one.");
    setAsking(true);
    try {
      await new Api(given).list({ created_after: new Date().toISOString() });
      signIn(given);
    } catch (found) {
      setProblem(found.status === 401 ? "This is not an API key of this installation." : found.message);
      setAsking(false);
    }
  }
  return html`
    <main class="sign-in">
      <form onSubmit=${submit} novalidate>
        <${Name} />
        <p>Slow models, dependably. Sign in with an API key to see what it made.</p>
        <div class="field">
          <label for="key">API key</label>
          <input id="key" name="key" type="password" autocomplete="off" placeholder="lum_…" autofocus
            aria-describedby="key-note" aria-invalid=${problem ? "true" : undefined} />
          <small id="key-note" role="alert" class="problem">${problem}</small>
        </div>
        <${Button} type="submit" class="primary" idle=${asking}>${asking ? "Signing in …" : "Sign in"}<//>
        <p class="meta">It stays in this tab, and in a copy of it. A new tab asks again.</p>
      </form>
    </main>
  `;
}

const Name = () => html`
  <h1 class="name"><img src=${new URL("icon.svg", import.meta.url)} alt="" width="28" height="28" />Lumeo</h1>
`;

/** Whether it is still the key of this tab: an answer may come late. */
const isCurrent = (key) => sessionStorage.getItem(KEY) === key;

function Gallery({ apiKey, place, signOut, refuse }) {
  useChanges(place);
  const voice = useMemo(() => new Voice(), []);
  const { say } = voice;
  const tell = (ended) => say(`${titleOf(ended).slice(0, SPOKEN)}: ${WORDS[stateOf(ended)]}`);
  const { status, model } = place.filters;
  const api = useMemo(() => new Api(apiKey, () => isCurrent(apiKey) && refuse()), [apiKey]);
  const shelf = useMemo(() => new Shelf(api, place.filters, tell), [api, status, model]);
  useEffect(() => {
    shelf.open();
    return () => shelf.close();
  }, [shelf]);
  useEffect(() => {
    document.title = place.id ? `${place.id} · Lumeo` : "Lumeo";
  });
  return html`
    <header>
      <${Name} />
      <span class="spring"></span>
      <button class="quiet" onClick=${signOut}><${Icon} name="out" />Sign out</button>
    </header>
    <main>
      <${Composer} api=${api} shelf=${shelf} say=${say} />
      <${Filters} place=${place} shelf=${shelf} />
      <${Grid} shelf=${shelf} place=${place} />
    </main>
    ${
      place.id
        ? html`<${Detail} api=${api} shelf=${shelf} place=${place} say=${say}><${Said} voice=${voice} /><//>`
        : html`<${Said} voice=${voice} />`
    }
  `;
}

function Filters({ place, shelf }) {
  useChanges(shelf);
  const { status = "", model = "" } = place.filters;
  const [text, setText] = useState(model);
  useEffect(() => setText(model), [model]);
  const models = [...new Set([...shelf.byId.values()].map((one) => one.model).filter(Boolean))].sort();
  const narrow = (name) => (event) => place.narrow({ ...place.filters, [name]: event.currentTarget.value.trim() });
  return html`
    <div class="filters" role="search" aria-label="Filter">
      <h2>Predictions</h2>
      <span class="spring"></span>
      <label><span class="hidden">Status</span>
        <select value=${status} onChange=${narrow("status")}>
          <option value="">Every status</option>
          ${STATUSES.map((one) => html`<option value=${one}>${one}</option>`)}
        </select>
      </label>
      <label><span class="hidden">Model</span>
        <input list="seen" type="search" placeholder="Every model" value=${text}
          onInput=${(event) => setText(event.currentTarget.value)} onChange=${narrow("model")} spellcheck=${false} />
        <datalist id="seen">${models.map((one) => html`<option value=${one} />`)}</datalist>
      </label>
    </div>
  `;
}

render(html`<${App} />`, document.getElementById("app"));
