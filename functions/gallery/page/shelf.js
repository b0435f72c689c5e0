// The predictions that the page knows, newest first, and how it learns what becomes of them.
import { Changing } from "./html.js";
import { isOver } from "./states.js";

const NEWS_MS = 15_000;
const SOONEST_MS = 800;
const LATEST_MS = 5000;

/** Predictions under one set of filters. `ids`: those of the grid, in order; `byId`: all that were read. */
export class Shelf extends Changing {
  constructor(api, filters) {
    super();
    this.api = api;
    this.filters = filters;
    this.ids = [];
    this.byId = new Map();
    this.problem = null;
    this.loading = false;
    this.next = undefined;
  }

  #watching = new Map();
  #news;

  get complete() {
    return this.next === null;
  }

  /** Watches from now on, until `close`. */
  open() {
    this.#news = setInterval(() => this.#lookForNews(), NEWS_MS);
    document.addEventListener("visibilitychange", this.#resume);
    return this.more();
  }

  close() {
    clearInterval(this.#news);
    document.removeEventListener("visibilitychange", this.#resume);
    for (const timer of this.#watching.values()) clearTimeout(timer);
    this.#watching.clear();
  }

  /** The next page of what is older. */
  async more() {
    if (this.loading || this.complete) return;
    this.loading = true;
    this.problem = null;
    this.changed();
    try {
      const page = this.next ? await this.api.follow(this.next) : await this.api.list(this.filters);
      this.next = page.next;
      this.#keep(page.results, (ids) => [...this.ids, ...ids]);
    } catch (problem) {
      this.problem = problem;
    }
    this.loading = false;
    this.changed();
  }

  /** One that was opened by its address. Raises Problem. */
  async read(id) {
    const prediction = await this.api.get(id);
    this.#keep([prediction], () => this.ids);
    return prediction;
  }

  /** One that was just submitted stands first, whatever the filters. */
  add(prediction) {
    this.#keep([prediction], (ids) => [...ids, ...this.ids]);
  }

  /** What became of one. */
  update(prediction) {
    this.#keep([prediction], () => this.ids);
  }

  #keep(predictions, placed) {
    const fresh = predictions.map((one) => one.id).filter((id) => !this.ids.includes(id));
    for (const prediction of predictions) {
      this.byId.set(prediction.id, prediction);
      this.#watch(prediction);
    }
    this.ids = placed(fresh);
    this.changed();
  }

  /** Looks again after a tenth of the time that it has taken: the longer it took, the longer it may. */
  #watch(prediction) {
    if (isOver(prediction) || this.#watching.has(prediction.id)) return;
    const age = Date.now() - Date.parse(prediction.created_at);
    const wait = Math.min(LATEST_MS, Math.max(SOONEST_MS, age / 10));
    this.#watching.set(
      prediction.id,
      setTimeout(() => this.#look(prediction), wait),
    );
  }

  async #look(prediction) {
    let found = this.byId.get(prediction.id);
    // Nobody looks at a page in the background.
    if (!document.hidden) {
      found = await this.api.get(prediction.id).catch(() => found);
      // Closed in the meantime.
      if (!this.#watching.has(prediction.id)) return;
    }
    this.#watching.delete(prediction.id);
    this.#keep([found], () => this.ids);
  }

  #resume = () => {
    if (!document.hidden) this.#lookForNews();
  };

  /** What was submitted elsewhere in the meantime. */
  async #lookForNews() {
    if (document.hidden || this.loading || this.next === undefined) return;
    const newest = this.byId.get(this.ids[0]);
    const since = newest ? { created_after: newest.created_at } : {};
    const page = await this.api.list({ ...this.filters, ...since }).catch(() => null);
    if (page?.results.some((one) => !this.ids.includes(one.id))) {
      this.#keep(page.results, (ids) => [...ids, ...this.ids]);
    }
  }
}
