// Problems and hints, one at a time: the most important one that is still open is shown.

const ORDER = ["line", "microphone", "trouble", "info"];

export class Notices {
  #view; #open = new Map();

  constructor(view) { this.#view = view; }

  /** Show `words` about one of ORDER; empty words withdraw the notice. */
  tell(about, words, options = {}) {
    if (words) this.#open.set(about, [words, options]);
    else if (!this.#open.delete(about)) return;
    const [shown, how] = this.#open.get(ORDER.find((name) => this.#open.has(name))) ?? ["", {}];
    this.#view.tell(shown, how);
  }

  clear() {
    this.#open.clear();
    this.#view.tell("");
  }
}
