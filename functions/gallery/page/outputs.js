// What an output is made of, whatever its shape: files, texts, and other values. Pure.

const KINDS = {
  image: ["png", "jpg", "jpeg", "webp", "gif", "avif", "svg", "bmp"],
  video: ["mp4", "webm", "mov", "m4v"],
  audio: ["wav", "mp3", "ogg", "oga", "flac", "m4a", "aac", "opus", "weba"],
};

/** The parts of an output: `{files: [{url, name, kind}], text, rest}`; `rest` is the value, if it says more. */
export function partsOf(output, origin) {
  const files = leaves(output)
    .filter((leaf) => isFile(leaf, origin))
    .map((url) => ({ url, name: url.split("/").at(-1), kind: kindOf(url) }));
  const values = Array.isArray(output) ? output : [output];
  const texts = values.filter((value) => typeof value === "string" && !isFile(value, origin));
  const plain = values.every((value) => typeof value === "string");
  return { files, text: texts.join(""), rest: plain || output === null ? null : output };
}

/** Whether a text is as a whole the address of a stored output. */
export function isFile(value, origin) {
  return typeof value === "string" && value.startsWith(`${origin}/outputs/`) && !/\s/.test(value);
}

export function kindOf(url) {
  const ending = url.split(".").at(-1).toLowerCase();
  return Object.keys(KINDS).find((kind) => KINDS[kind].includes(ending)) ?? "file";
}

function leaves(value) {
  if (value === null || typeof value !== "object") return [value];
  return Object.values(value).flatMap(leaves);
}
