// Where one is on the page: `/` with its filters, or `/p/{id}`, by the browser's own history.
import { Changing } from "./html.js";

const SHOWN = /^\/p\/([0-9a-z]+)$/;
const FILTERS = ["status", "model"];

/** The address. `id`: of the prediction that is open, or null; `filters`: what the grid is narrowed to. */
export class Place extends Changing {
  constructor() {
    super();
    addEventListener("popstate", () => this.changed());
  }

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
    this.#go(this.of(id), this.id !== null);
  }

  close() {
    this.#go(this.of(null), false);
  }

  narrow(filters) {
    const query = new URLSearchParams(Object.entries(filters).filter(([, value]) => value)).toString();
    this.#go(query ? `/?${query}` : "/", false);
  }

  #go(where, instead) {
    history[instead ? "replaceState" : "pushState"](null, "", where);
    this.changed();
  }
}
