// The calls of Lumeo's API: the same that any client makes.

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
const OFFLINE = { detail: "The server could not be reached. Are you online?" };

/** Calls with one API key. Raises Problem; calls `onRefused` when the key is not taken. */
export class Api {
  constructor(key, onRefused = () => {}) {
    this.key = key;
    this.onRefused = onRefused;
  }

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

  /** Repeated under one key until somebody answers, so that it is not paid for twice. */
  #create(where, body) {
    const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() };
    return this.#call("POST", where, { headers, body: JSON.stringify(body) });
  }

  async #call(method, where, { headers = {}, body } = {}) {
    const repeatable = method !== "POST" || "Idempotency-Key" in headers;
    for (let n = 1; ; n += 1) {
      try {
        return await this.#once(method, where, headers, body);
      } catch (problem) {
        const passing = problem.status === undefined || problem.status === 429 || problem.status >= 500;
        if (!(passing && repeatable) || n === TRIES) throw problem;
        await pause(problem.retryAfter ?? 2 ** (n - 2));
      }
    }
  }

  async #once(method, where, headers, body) {
    let answer;
    try {
      answer = await fetch(where, { method, body, headers: { Authorization: `Bearer ${this.key}`, ...headers } });
    } catch {
      throw new Problem(undefined, OFFLINE);
    }
    if (answer.status === 204) return null;
    const said = await answer.json().catch(() => ({}));
    if (answer.ok) return said;
    const problem = new Problem(answer.status, said, Number(answer.headers.get("Retry-After")) || undefined);
    if (answer.status === 401) this.onRefused(problem);
    throw problem;
  }
}

export const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * Math.min(seconds, 30)));

const path = (name) => name.split("/").map(encodeURIComponent).join("/");
