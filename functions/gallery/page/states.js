// What a person is told of a prediction's state. Pure.

const ENDS = ["succeeded", "failed", "canceled"];

export const isOver = (prediction) => ENDS.includes(prediction.status);

/** One of starting, processing, succeeded, refused, failed, canceled, deleted: what was refused did not fail. */
export function stateOf(prediction) {
  if (prediction.data_removed) return "deleted";
  return prediction.error_code === "content_rejected" ? "refused" : prediction.status;
}

export const WORDS = {
  starting: "Starting",
  processing: "Running",
  succeeded: "Succeeded",
  refused: "Refused",
  failed: "Failed",
  canceled: "Canceled",
  deleted: "Deleted",
};

/** The sentence beside the state. */
export function sentenceOf(prediction) {
  if (prediction.data_removed) return "Its input and output were deleted.";
  return prediction.error ?? (prediction.status === "canceled" ? "It was canceled before its end." : "");
}

/** How far it is, from 0 to 1, as its provider or the bars in its log say; null where neither does. */
export function progressOf(prediction) {
  if (typeof prediction.metrics?.progress === "number") return prediction.metrics.progress;
  const bars = [...(prediction.logs ?? "").matchAll(/(\d{1,3})%\s*\|/g)];
  return bars.length ? Math.min(100, Number(bars.at(-1)[1])) / 100 : null;
}

const STEPS = [
  ["accepted", "Accepted"],
  ["submitted", "Submitted to the provider"],
  ["started", "Started there"],
  ["completed", "Ended there"],
  ["saved", "Kept here"],
];

/** What happened when: `[{name, at, seconds}]`, the seconds since the step before. */
export function timelineOf(prediction) {
  const known = STEPS.filter(([step]) => prediction.timeline[step]);
  return known.map(([step, name], n) => {
    const at = prediction.timeline[step];
    const before = n ? prediction.timeline[known[n - 1][0]] : at;
    return { name, at, seconds: Math.max(0, (Date.parse(at) - Date.parse(before)) / 1000) };
  });
}

const LONGEST_TITLE = 300;

const isTitle = (value) => typeof value === "string" && value !== "" && !value.startsWith("data:");

/** A few words for a prediction: its prompt, or the first text of its input. */
export function titleOf(prediction) {
  const input = prediction.input ?? {};
  const text = [input.prompt, input.text, ...Object.values(input)].find(isTitle);
  return (text || prediction.model || prediction.id).slice(0, LONGEST_TITLE);
}

export function lasted(seconds) {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

const AGES = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function ago(stamp, now = Date.now()) {
  const seconds = (now - Date.parse(stamp)) / 1000;
  const found = AGES.find(([, length]) => seconds >= length);
  return found ? relative.format(-Math.floor(seconds / found[1]), found[0]) : "just now";
}
