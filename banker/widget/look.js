// How the element looks and speaks: its texts in its language, and the tenant's colour, questions and face.

import { appearanceOf, draw } from "./appearance.js";
import { packOf } from "./languages.js";
import { textsOf } from "./texts.js";

export class Look {
  #element; #view; #changed; #texts = {}; #pack = {}; #request = null;

  /** `changed()` is called when the texts are other ones. */
  constructor(element, view, changed) {
    this.#element = element;
    this.#view = view;
    this.#changed = changed;
    this.showTexts();
  }

  /** Override texts; texts.js has their names. */
  override(table) {
    this.#texts = { ...this.#texts, ...table };
    this.showTexts();
  }

  showTexts() {
    this.words = textsOf(this.#element, this.#texts, this.#pack);
    this.#view.texts(this.words);
    this.#changed();
  }

  async showLanguage() {
    this.#pack = await packOf(this.#element);
    this.showTexts();
  }

  /** Fetch what the tenant shows, from the service at `base`. */
  async showTenant(base) {
    this.#request = new AbortController();
    const { signal } = this.#request;
    const { theme, examples, portrait } = await appearanceOf(base, this.#element.getAttribute("tenant"), signal);
    if (signal.aborted) return;
    if (theme.primaryColor) this.#view.theme(theme.primaryColor);
    this.#view.idleView.offer(examples);
    const places = [this.#view.idleView.portrait, this.#view.shell.portrait, this.#view.portrait];
    if (portrait) places.forEach((place) => draw(place, portrait));
  }

  stop() { this.#request?.abort(); }
}
