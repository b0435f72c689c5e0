// A word about what just happened, for eyes and for screen readers, and away again.
import { Changing, html, useChanges } from "./html.js";

const SPOKEN_MS = 4000;

export class Voice extends Changing {
  text = "";
  #timer;

  say = (text) => {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#set(""), SPOKEN_MS);
    this.#set(text);
  };

  #set(text) {
    this.text = text;
    this.changed();
  }
}

/** Within whatever lies on top: what is beside an open dialog is neither seen nor spoken. */
export function Said({ voice }) {
  useChanges(voice);
  return html`<p class="said" role="status" data-shown=${voice.text !== ""}>${voice.text}</p>`;
}
