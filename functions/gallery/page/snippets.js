// How to run a prediction again, in the words of clients. Pure.

/** `{curl, Python, JavaScript}`, for a prediction as the API shows it, at an origin. */
export function snippetsOf(prediction, origin) {
  const { model, input, deployment, provider } = prediction;
  if (provider !== "replicate") {
    const options = prediction.options ? { options: prediction.options } : {};
    return byHttp(`${origin}/v1/predictions`, { provider, ...(model ? { model } : {}), ...options, input });
  }
  if (deployment) return byHttp(`${origin}/v1/deployments/${deployment}/predictions`, { input });
  const pinned = pinnedTo(prediction);
  const body = pinned ? { version: pinned, input } : { input };
  const where = pinned ? `${origin}/v1/predictions` : `${origin}/v1/models/${model}/predictions`;
  return { ...byHttp(where, body), ...byClient(pinned ?? model, input, origin) };
}

/** The version that ran, where it has a name of its own; a model of the catalogue is its owner's business. */
function pinnedTo({ model, version }) {
  if (!/^[0-9a-f]{64}$/.test(version) || model.startsWith("lumeo/")) return null;
  return model ? `${model}:${version}` : version;
}

function byClient(what, input, origin) {
  return {
    Python: [
      "import os, replicate",
      "",
      `client = replicate.Client(api_token=os.environ["LUMEO_API_KEY"], base_url=${quoted(origin)})`,
      `output = client.run(${quoted(what)}, input=${python(input)})`,
    ].join("\n"),
    JavaScript: [
      'import Replicate from "replicate";',
      "",
      `const client = new Replicate({ auth: process.env.LUMEO_API_KEY, baseUrl: ${quoted(`${origin}/v1`)} });`,
      `const output = await client.run(${quoted(what)}, { input: ${JSON.stringify(input, null, 2)} });`,
    ].join("\n"),
  };
}

function byHttp(url, body) {
  const text = JSON.stringify(body);
  return {
    curl: [
      `curl ${shell(url)} \\`,
      '  -H "Authorization: Bearer $LUMEO_API_KEY" -H "Content-Type: application/json" \\',
      `  -d ${shell(text)}`,
    ].join("\n"),
    Python: [
      "import os, requests",
      "",
      'headers = {"Authorization": f"Bearer {os.environ[\'LUMEO_API_KEY\']}"}',
      `prediction = requests.post(${quoted(url)}, headers=headers, json=${python(body)}).json()`,
    ].join("\n"),
    JavaScript: [
      `const answer = await fetch(${quoted(url)}, {`,
      '  method: "POST",',
      '  headers: { Authorization: `Bearer ${process.env.LUMEO_API_KEY}`, "Content-Type": "application/json" },',
      `  body: JSON.stringify(${JSON.stringify(body, null, 2)}),`,
      "});",
      "const prediction = await answer.json();",
    ].join("\n"),
  };
}

const quoted = (text) => JSON.stringify(text);

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A JSON value as Python writes it. */
export function python(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value)
      .map(([name, inner]) => `${quoted(name)}: ${python(inner)}`)
      .join(", ")}}`;
  }
  return JSON.stringify(value);
}
