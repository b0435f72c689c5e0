// The npm client `replicate`, as its users call it. What it is told and what it answers: ../programs/lines.py.

import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import Replicate, { validateWebhook } from "replicate";

const PAUSE = 200; // milliseconds between two looks, where the client lets its user say so

function connect({ at, key, headers }) {
  const withHeaders = (url, init) => fetch(url, { ...init, headers: { ...init?.headers, ...headers } });
  const options = Object.keys(headers).length > 0 ? { fetch: withHeaders } : {};
  return new Replicate({ auth: key, baseUrl: `${at}/v1`, ...options });
}

const commands = {
  async run(client, { ref, given, wait = true, abort_after }) {
    const waiting = wait === false ? { mode: "poll", interval: PAUSE } : { mode: "block" };
    if (typeof wait === "number") waiting.timeout = wait;
    const signal = abort_after ? AbortSignal.timeout(1000 * abort_after) : undefined;
    return told(await client.run(ref, { input: withFiles(given), wait: waiting, signal }));
  },

  async stream(client, { ref, given }) {
    const events = [];
    for await (const event of client.stream(ref, { input: given })) events.push(String(event));
    return told(events);
  },

  async create(client, { to, given, timeout, ...options }) {
    const signal = timeout ? AbortSignal.timeout(1000 * timeout) : undefined;
    if (to.deployment) {
      const [owner, name] = to.deployment.split("/");
      return client.deployments.predictions.create(owner, name, { input: given, signal, ...options });
    }
    return client.predictions.create({ ...to, input: given, signal, ...options });
  },

  get: (client, { name }) => client.predictions.get(name),

  finish: async (client, { name }) => client.wait(await client.predictions.get(name), { interval: PAUSE }),

  cancel: (client, { name }) => client.predictions.cancel(name),

  async pages(client) {
    const pages = [];
    for await (const page of client.paginate(client.predictions.list)) pages.push(page.map(({ id }) => id));
    return pages;
  },

  model: (client, { name }) => client.models.get(...name.split("/")),

  async versions(client, { name }) {
    const page = await client.models.versions.list(...name.split("/"));
    return page.results.map(({ id }) => id);
  },

  version: (client, { name, digits }) => client.models.versions.get(...name.split("/"), digits),

  upload: (client, { metadata, ...file }) => client.files.create(written(file), metadata),

  file: (client, { name }) => client.files.get(name),

  files: async (client) => (await client.files.list()).results,

  async delete(client, { name }) {
    if (!(await client.files.delete(name))) throw new Error("not deleted");
  },

  secret: async (client) => (await client.webhooks.default.secret.get()).key,

  valid: (_, { signed, body, secret }) => validateWebhook({ headers: signed, body }, secret),
};

async function told(value) {
  if (value instanceof ReadableStream) {
    const content = Buffer.from(await (await value.blob()).arrayBuffer());
    return { kind: "file", url: String(value), sha256: createHash("sha256").update(content).digest("hex") };
  }
  if (typeof value === "string") return { kind: "text", text: value };
  if (Array.isArray(value)) return { kind: "list", items: await Promise.all(value.map(told)) };
  if (value === null || value === undefined) return { kind: "nothing" };
  if (typeof value !== "object") return { kind: "value", value };
  const fields = Object.entries(value).map(async ([name, part]) => [name, await told(part)]);
  return { kind: "object", fields: Object.fromEntries(await Promise.all(fields)) };
}

function withFiles(given) {
  const made = (value) => (value?.$file ? written(value.$file) : value);
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, made(value)]));
}

function written({ name, size }) {
  const content = Buffer.alloc(size, Buffer.from([0xff, 0xd8, 0xff, 0x00]));
  return new File([content], name, { type: "image/jpeg" });
}

async function answer(line) {
  const { do: name, at, key, headers, ...asked } = JSON.parse(line);
  try {
    return { returned: (await commands[name](connect({ at, key, headers }), asked)) ?? null };
  } catch (error) {
    return { raised: { name: error.name, message: error.message, status: error.response?.status ?? null } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
}
