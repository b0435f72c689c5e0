// The gallery: sign in, make predictions, look at them.
import { render } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Api } from "./api.js";
import { Grid } from "./cards.js";
import { Composer } from "./composer.js";
import { Detail } from "./detail.js";
import { html, Icon, useChanges } from "./html.js";
import { Place } from "./places.js";
import { Shelf } from "./shelf.js";

const KEY = "lumeo.key";
const STATUSES = ["starting", "processing", "succeeded", "failed", "canceled"];
const SPOKEN_MS = 4000;

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
  const signOut = (why = "") => {
    sessionStorage.clear();
    setRefused(why);
    setKey(null);
  };
  const signIn = (given) => {
    sessionStorage.setItem(KEY, given);
    setKey(given);
  };
  useEffect(() => key && sessionStorage.setItem(KEY, key), []);
  if (!key) return html`<${SignIn} refused=${refused} signIn=${signIn} />`;
  return html`<${Gallery} key=${key} apiKey=${key} place=${place} signOut=${signOut} />`;
}

function SignIn({ refused, signIn }) {
  const [problem, setProblem] = useState(refused);
  const [asking, setAsking] = useState(false);
  async function submit(event) {
    event.preventDefault();
    const given = new FormData(event.currentTarget).get("key").trim();
    if (!given) return setProblem("Paste an API key. make key prints one.");
    setAsking(true);
    try {
      await new Api(given).list({ status: "starting" });
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
        <button class="primary" disabled=${asking}>${asking ? "Signing in …" : "Sign in"}</button>
        <p class="meta">It stays in this tab and is forgotten with it.</p>
      </form>
    </main>
  `;
}

const Name = () => html`
  <h1 class="name"><img src=${new URL("icon.svg", import.meta.url)} alt="" width="28" height="28" />Lumeo</h1>
`;

/** Whether it is still the key of this tab: an answer may come late. */
const isCurrent = (key) => sessionStorage.getItem(KEY) === key;

function Gallery({ apiKey, place, signOut }) {
  useChanges(place);
  const [said, say] = useSaying();
  const { status, model } = place.filters;
  const api = useMemo(
    () => new Api(apiKey, () => isCurrent(apiKey) && signOut("This key is no longer taken.")),
    [apiKey],
  );
  const shelf = useMemo(() => new Shelf(api, place.filters), [api, status, model]);
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
      <button class="quiet" onClick=${() => signOut()}><${Icon} name="out" />Sign out</button>
    </header>
    <main>
      <${Composer} api=${api} shelf=${shelf} say=${say} />
      <${Filters} place=${place} shelf=${shelf} />
      <${Grid} shelf=${shelf} place=${place} />
    </main>
    ${
      place.id
        ? html`<${Detail} api=${api} shelf=${shelf} place=${place} say=${say}><${Said} text=${said} /><//>`
        : html`<${Said} text=${said} />`
    }
  `;
}

function Filters({ place, shelf }) {
  useChanges(shelf);
  const { status = "", model = "" } = place.filters;
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
        <input key=${model} list="seen" type="search" placeholder="Every model" defaultValue=${model}
          onChange=${narrow("model")} spellcheck=${false} />
        <datalist id="seen">${models.map((one) => html`<option value=${one} />`)}</datalist>
      </label>
    </div>
  `;
}

/** Within whatever lies on top: what is beside an open dialog is neither seen nor spoken. */
const Said = ({ text }) => html`<p class="said" role="status" data-shown=${text !== ""}>${text}</p>`;

/** A word about what just happened, for eyes and for screen readers, and away again. */
function useSaying() {
  const [said, setSaid] = useState("");
  const timer = useRef();
  const say = (text) => {
    clearTimeout(timer.current);
    setSaid(text);
    timer.current = setTimeout(() => setSaid(""), SPOKEN_MS);
  };
  return [said, say];
}

render(html`<${App} />`, document.getElementById("app"));
