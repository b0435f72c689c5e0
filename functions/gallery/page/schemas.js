// The form that a model's schema asks for. Pure.
import { holdsRounded, shown } from "./exact.js";

/** The fields of a version's input, in its order: `{name, kind, required, label, hint, choices, min, preset}`. */
export function fieldsOf(version) {
  const schemas = version?.openapi_schema?.components?.schemas ?? {};
  const input = schemas.Input ?? {};
  const fields = Object.entries(input.properties ?? {}).map(([name, property]) => {
    const meant = resolved(property, schemas);
    return {
      name,
      kind: kindOf(meant),
      required: (input.required ?? []).includes(name),
      label: meant.title ?? name,
      hint: meant.description ?? "",
      choices: meant.enum ?? [],
      min: meant.minimum,
      preset: meant.default,
      order: meant["x-order"] ?? Number.MAX_SAFE_INTEGER,
    };
  });
  return fields.sort((one, other) => one.order - other.order);
}

function resolved(property, schemas) {
  const parts = [property, ...(property.allOf ?? [])];
  return Object.assign({}, ...parts.map((part) => schemas[part.$ref?.split("/").at(-1)] ?? part), property);
}

function kindOf(property) {
  if (property.enum) return "choice";
  if (property.type === "boolean") return "boolean";
  if (property.type === "integer" || property.type === "number") return property.type;
  if (property.type === "string") return property.format === "uri" ? "file" : "text";
  return "json";
}

/** What a text was written for: another model's field of the same name may mean something else. */
export const keyOf = ({ name, kind, choices }) => JSON.stringify([name, kind, choices]);

/**
 * What a field's text says as JSON; undefined where nothing was said, so that the model's own default holds.
 * Throws an Error with a sentence for what cannot be meant.
 */
export function saidBy(field, text) {
  if (text === undefined || text === "" || text === null) return undefined;
  switch (field.kind) {
    case "boolean":
      return text === true || text === "true";
    case "integer":
    case "number":
      return number(text);
    case "choice":
      return exact(field.choices.find((choice) => shown(choice) === text));
    case "json":
      return json(text);
    default:
      return text;
  }
}

const DECIMAL = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

function number(text) {
  const written = text.trim();
  if (written === "") return undefined;
  const found = Number(written);
  if (!DECIMAL.test(written) || !Number.isFinite(found)) throw new Error("This should be a number.");
  return exact(found);
}

function exact(found) {
  if (holdsRounded(found)) throw new Error("This has a number that is too large to be sent exactly.");
  return found;
}

function json(text) {
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    throw new Error('This should be JSON, such as ["a", 1].');
  }
  return exact(found);
}
