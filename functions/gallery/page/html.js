// Markup in plain JavaScript: no build step.
import { h } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import htm from "htm";

export const html = htm.bind(h);

/** Draws the component again whenever something that can be subscribed to changes. */
export function useChanges(thing) {
  const [, setCount] = useState(0);
  // Before anything else may change.
  useLayoutEffect(() => thing.subscribe(() => setCount((count) => count + 1)), [thing]);
}

/** The time, in milliseconds; drawn again every so many, while somebody looks. */
export function useNow(every) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

/** A button that does not lose the focus: neither while it is idle, nor when it goes, which leaves it to its heir. */
export function Button({ idle, act, heir, ...rest }) {
  const button = useRef();
  useLayoutEffect(
    () => () => {
      const gone = button.current;
      if (gone === document.activeElement) (heir ?? theDialog)(gone)?.focus({ preventScroll: true });
    },
    [],
  );
  return html`
    <button type="button" ...${rest} ref=${button} aria-disabled=${idle ? "true" : undefined}
      onClick=${idle ? undefined : act} />
  `;
}

const theDialog = (element) => element.closest("dialog");

/** What tells its subscribers when it changed. */
export class Changing {
  #told = new Set();

  subscribe(tell) {
    this.#told.add(tell);
    return () => this.#told.delete(tell);
  }

  changed() {
    for (const tell of this.#told) tell();
  }
}

const PATHS = {
  alert: "M12 3 2 20h20zM12 10v4M12 17v.01",
  audio: "M9 18V6l10-2v12M9 18a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM19 16a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0z",
  back: "M15 5l-7 7 7 7",
  check: "M5 13l4 4L19 7",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  next: "M9 5l7 7-7 7",
  open: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  out: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
  play: "M8 5l11 7-11 7z",
  refused: "M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6zM8.5 12h7",
  rerun: "M4 12a8 8 0 0 1 14-5l2 2M20 4v5h-5M20 12a8 8 0 0 1-14 5l-2-2M4 20v-5h5",
  stop: "M7 7h10v10H7z",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
};

/** A drawing of a few lines, which says nothing by itself. */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}
