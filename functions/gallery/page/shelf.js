// The predictions that the page knows, newest first, and how it learns what becomes of them.
import { Changing } from "./html.js";
import { isOver } from "./states.js";

const NEWS_MS = 15_000;
const MOST_NEWS = 5;
const SOONEST_MS = 800;
const LATEST_MS = 30_000;
const GROWTH = 1.25;

/** Predictions under one set of filters. `ids`: those of the grid, in order; `byId`: all that were read. */
export class Shelf extends Changing {
  /** `tell`: hears of each that was watched and is over. */
  constructor(api, filters, tell) {
    super();
    this.api = api;
    this.filters = filters;
    this.tell = tell;
    this.ids = [];
    this.byId = new Map();
    this.problem = null;
    this.loading = false;
    this.next = undefined;
  }

  #open = false;
  #news;
  #newest = null;
  #watching = new Map();
  #looks = new Map();

  get complete() {
    return this.next === null;
  }

  /** Watches from now on, until `close`. */
  open() {
    this.#open = true;
    this.#news = setInterval(() => this.#lookForNews(), NEWS_MS);
    document.addEventListener("visibilitychange", this.#resume);
    return this.more();
  }

  close() {
    this.#open = false;
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
      this.#hear(page.results);
      this.#list(page.results);
    } catch (problem) {
      this.problem = problem;
    }
    this.loading = false;
    this.changed();
  }

  /** One that was opened by its address. Raises Problem. */
  async read(id) {
    const prediction = await this.api.get(id);
    this.update(prediction);
    return prediction;
  }

  /** One that was just submitted is in the grid, whatever the filters. */
  add(prediction) {
    this.#list([prediction]);
  }

  /** What became of one that somebody has just done something about: the next look is soon. */
  update(prediction) {
    clearTimeout(this.#watching.get(prediction.id));
    this.#watching.delete(prediction.id);
    this.#looks.delete(prediction.id);
    this.#keep([prediction]);
    this.changed();
  }

  #list(predictions) {
    this.#keep(predictions);
    const created = (id) => this.byId.get(id).created_at;
    const all = new Set([...this.ids, ...predictions.map((one) => one.id)]);
    this.ids = [...all].sort((one, other) =>
      created(one) < created(other) ? 1 : created(one) > created(other) ? -1 : 0,
    );
    this.changed();
  }

  #keep(predictions) {
    for (const found of predictions) {
      const known = this.byId.get(found.id);
      if (!known || isNews(known, found)) this.byId.set(found.id, found);
      this.#watch(this.byId.get(found.id));
    }
  }

  /** Looks again after a while, which grows: many that run for hours must not use up the API's rate. */
  #watch(prediction) {
    const { id } = prediction;
    if (!this.#open || isOver(prediction) || this.#watching.has(id)) return;
    const looks = this.#looks.get(id) ?? 0;
    const wait = Math.min(LATEST_MS, SOONEST_MS * GROWTH ** looks);
    this.#watching.set(
      id,
      setTimeout(() => this.#look(id), wait),
    );
  }

  async #look(id) {
    const known = this.byId.get(id);
    let found = known;
    // Nobody looks at a page in the background.
    if (!document.hidden) {
      this.#looks.set(id, (this.#looks.get(id) ?? 0) + 1);
      found = await this.api.get(id).catch(() => known);
    }
    // Closed in the meantime.
    if (!this.#watching.delete(id)) return;
    this.#keep([found]);
    const now = this.byId.get(id);
    if (now !== known) this.changed();
    if (isOver(now)) this.tell(now);
  }

  #resume = () => {
    if (!document.hidden) this.#lookForNews();
  };

  /** What lists have said: only they say from where on something may be new. */
  #hear(predictions) {
    for (const { created_at: at } of predictions) {
      if (this.#newest === null || at > this.#newest) this.#newest = at;
    }
  }

  /** What was submitted elsewhere in the meantime; under a status, also what has come to it. */
  async #lookForNews() {
    if (document.hidden || this.loading || this.next === undefined) return;
    const since = this.#newest && !this.filters.status ? { created_after: this.#newest } : {};
    try {
      let page = await this.api.list({ ...this.filters, ...since });
      for (let n = 1; this.#open; n += 1) {
        const fresh = page.results.filter((one) => !this.ids.includes(one.id));
        this.#hear(page.results);
        if (fresh.length) this.#list(fresh);
        if (fresh.length < page.results.length || !page.next) return;
        if (n >= MOST_NEWS && !this.loading) return this.#startOver();
        page = await this.api.follow(page.next);
      }
    } catch {
      // The next time comes by itself.
    }
  }

  /** So many came that there is a gap before those that were here. */
  #startOver() {
    this.ids = [];
    this.next = undefined;
    return this.more();
  }
}

/** Whether an answer says more than what is known. One that was under way for long may say less. */
function isNews(known, found) {
  const less = (known.data_removed && !found.data_removed) || (isOver(known) && !isOver(found));
  return !less && JSON.stringify(known) !== JSON.stringify(found);
}
