// Numbers that JavaScript would round, such as seeds of 64 bits. Pure.

const isRounded = (value) => typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER;

/** The value of a JSON text; such a number stays as it was written, where the browser can keep it so. */
export function parsed(text) {
  return JSON.parse(text, (_, value, context) =>
    isRounded(value) && context && JSON.rawJSON ? JSON.rawJSON(context.source) : value,
  );
}

/** A value as it is shown: a text as itself, all else as JSON. */
export const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/** Whether there is such a number anywhere in a value, which must then not be repeated from here. */
export function holdsRounded(value) {
  if (value === null || typeof value !== "object") return isRounded(value);
  return Boolean(JSON.isRawJSON?.(value)) || Object.values(value).some(holdsRounded);
}
