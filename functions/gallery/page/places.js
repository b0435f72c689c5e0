// Where one is on the page: `/` with its filters, or `/p/{id}`, by the browser's own history.
import { Changing } from "./html.js";

const SHOWN = /^\/p\/([0-9a-z]+)$/;
const FILTERS = ["status", "model"];

/** The address. `id`: of the prediction that is open, or null; `filters`: what the grid is narrowed to. */
export class Place extends Changing {
  constructor() {
    super();
    addEventListener("popstate", () => {
      this.#leaving = false;
      this.changed();
    });
  }

  #leaving = false;

  get id() {
    return SHOWN.exec(location.pathname)?.[1] ?? null;
  }

  get filters() {
    const query = new URLSearchParams(location.search);
    return Object.fromEntries(FILTERS.filter((name) => query.get(name)).map((name) => [name, query.get(name)]));
  }

  /** The address of a prediction, under the filters as they are. */
  of(id) {
    return (id ? `/p/${id}` : "/") + location.search;
  }

  /** From one prediction to the next, closing is still one step back. */
  open(id) {
    if (this.id === null) this.#go(this.of(id), "pushState", { opened: true });
    else this.#go(this.of(id), "replaceState", history.state);
  }

  /** Back to where it was opened; to the grid, if that was not here. */
  close() {
    if (!history.state?.opened) return this.#go(this.of(null), "replaceState");
    // One step, however often one asks before it is made.
    if (!this.#leaving) history.back();
    this.#leaving = true;
  }

  narrow(filters) {
    const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value)).toString();
    this.#go(query ? `/?${query}` : "/", "pushState");
  }

  /** As if nobody had been here. */
  reset() {
    this.#go("/", "replaceState");
  }

  #go(where, how, state = null) {
    history[how](state, "", where);
    this.changed();
  }
}
