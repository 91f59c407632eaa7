// The field in which the user writes: it grows with its lines, and counts what is left near its limit.

import { h } from "./dom.js";
import { icon, SEND } from "./icons.js";
import { fill } from "./texts.js";

const LIMIT = 2000;  // characters that the service takes
const COUNTED_FROM = 1600;

export class Composer {
  #texts = {};

  constructor(labels) {
    this.input = h("textarea", { class: "words", part: "field", rows: 1, maxlength: LIMIT, autocomplete: "off", enterkeyhint: "send", dir: "auto" });
    labels.bind(this.input, "messageLabel", "aria-label");
    labels.bind(this.input, "messageLabel", "placeholder");
    const send = h("button", { type: "submit", class: "main send", part: "button primary" }, icon(...SEND));
    labels.bind(send, "send", "aria-label");
    this.counter = h("span", { class: "counter", hidden: true });
    this.form = h("form", { part: "form" }, this.input, send, this.counter);
    this.input.oninput = () => this.#changed();
    this.input.onkeydown = (event) => {
      // Not while an input method composes a word: Enter chooses one of its proposals.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.form.requestSubmit();
    };
  }

  texts(texts) { this.#texts = texts; }

  /** The trimmed text; the field is emptied. */
  take() {
    const text = this.input.value.trim();
    this.input.value = "";
    this.#changed();
    return text;
  }

  #changed() {
    const { input, counter } = this;
    input.style.blockSize = "auto";
    input.style.blockSize = `${input.scrollHeight + input.offsetHeight - input.clientHeight}px`;
    const left = LIMIT - input.value.length;
    counter.hidden = input.value.length < COUNTED_FROM;
    counter.textContent = fill(this.#texts.charactersLeft ?? "", { left });
  }
}
