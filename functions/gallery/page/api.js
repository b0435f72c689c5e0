// The calls of Lumeo's API: the same that any client makes.
import { parsed } from "./exact.js";

/** An answer that says what is wrong. `fields`: of a 422, what is wrong by the name of the input. */
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body.detail || body.message || `The server answered ${status}.`);
    this.status = status;
    this.retryAfter = retryAfter;
    this.fields = Object.fromEntries(
      (body.invalid_fields ?? []).map((one) => [one.field.replace(/^input\./, ""), one.description]),
    );
  }
}

const TRIES = 4;
const LONGEST_PAUSE = 30;
const OFFLINE = { detail: "The server could not be reached. Are you online?" };
const UNREADABLE = { detail: "The answer of the server cannot be read." };

/** Calls with one API key. Raises Problem; calls `onRefused` when the key is not taken. */
export class Api {
  constructor(key, onRefused = () => {}) {
    this.key = key;
    this.onRefused = onRefused;
  }

  #unanswered = [];

  list = (query) => this.#call("GET", `/v1/predictions?${new URLSearchParams(query)}`);
  /** The page that `next` leads to: of its address only the query, since we may have been reached by another name. */
  follow = (url) => this.#call("GET", `/v1/predictions${new URL(url).search}`);
  get = (id) => this.#call("GET", `/v1/predictions/${id}`);
  cancel = (id) => this.#call("POST", `/v1/predictions/${id}/cancel`);
  remove = (id) => this.#call("DELETE", `/v1/predictions/${id}`);
  rerun = (id) => this.#create(`/v1/predictions/${id}/rerun`, {});
  catalogue = () => this.#call("GET", "/v1/models");
  model = (name) => this.#call("GET", `/v1/models/${path(name)}`);
  submit = (model, input) => this.#create(`/v1/models/${path(model)}/predictions`, { input });

  upload(file) {
    const form = new FormData();
    form.append("content", file, file.name);
    return this.#call("POST", "/v1/files", { body: form });
  }

  /**
   * Under one key until an answer is heard, however often it is sent: what arrived unheard is not paid for twice.
   * The same asked for while the first is still under way is another one.
   */
  async #create(where, body) {
    const text = JSON.stringify(body);
    const before = this.#unanswered.findIndex((one) => one.where === where && one.text === text);
    const sent = before < 0 ? { where, text, key: crypto.randomUUID() } : this.#unanswered.splice(before, 1)[0];
    const headers = { "Content-Type": "application/json", "Idempotency-Key": sent.key };
    try {
      return await this.#call("POST", where, { headers, body: text });
    } catch (problem) {
      if (!isRefusal(problem)) this.#unanswered.push(sent);
      throw problem;
    }
  }

  async #call(method, where, { headers = {}, body } = {}) {
    const repeatable = method !== "POST" || "Idempotency-Key" in headers;
    for (let n = 1; ; n += 1) {
      try {
        return await this.#once(method, where, headers, body);
      } catch (problem) {
        const wait = problem.retryAfter ?? 2 ** (n - 2);
        if (!repeatable || !isPassing(problem) || n === TRIES || wait > LONGEST_PAUSE) throw problem;
        await pause(wait);
      }
    }
  }

  async #once(method, where, headers, body) {
    let answer, text;
    try {
      answer = await fetch(where, { method, body, headers: { Authorization: `Bearer ${this.key}`, ...headers } });
      text = await answer.text();
    } catch {
      throw new Problem(undefined, OFFLINE);
    }
    if (answer.status === 204) return null;
    const said = objectIn(text);
    if (answer.ok && said) return said;
    const after = Number(answer.headers.get("Retry-After")) || undefined;
    const problem = new Problem(answer.status, said ?? (answer.ok ? UNREADABLE : {}), after);
    if (answer.status === 401) this.onRefused(problem);
    throw problem;
  }
}

const isPassing = ({ status }) => status === undefined || status === 429 || status >= 500;

/** Whether it says that nothing was made; a success that cannot be read does not. */
const isRefusal = ({ status }) => status >= 400 && !isPassing({ status });

/** What a JSON text says, if that is an object. */
function objectIn(text) {
  try {
    const value = parsed(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

const path = (name) => name.split("/").map(encodeURIComponent).join("/");
