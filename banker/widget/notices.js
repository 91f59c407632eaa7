// What is the matter, one thing at a time: the most important one that has not gone away is shown.

const ORDER = ["line", "microphone", "trouble", "info"];

export class Notices {
  #view; #told = new Map();

  constructor(view) { this.#view = view; }

  /** `about` is one of these; empty words take back what was told about it. */
  tell(about, words, options = {}) {
    if (words) this.#told.set(about, [words, options]);
    else if (!this.#told.delete(about)) return;
    const [shown, how] = this.#told.get(ORDER.find((name) => this.#told.has(name))) ?? ["", {}];
    this.#view.tell(shown, how);
  }

  clear() {
    this.#told.clear();
    this.#view.tell("");
  }
}
