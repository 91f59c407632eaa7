// After too many conversations: counts down on the button until another one may start.

import { fill } from "./texts.js";

export class StartLimit {
  #view; #words; #over; #timer = 0;

  /** `words()` returns the current texts; `over()` is called when another conversation may start. */
  constructor(view, words, over) {
    this.#view = view;
    this.#words = words;
    this.#over = over;
  }

  get active() { return this.#timer !== 0; }

  /** Begin to count, and return the notice, which is announced once. */
  begin(seconds) {
    const until = Date.now() + seconds * 1000;
    this.#timer = setInterval(() => {
      const left = Math.ceil((until - Date.now()) / 1000);
      const { start } = this.#words();
      this.#view.start.textContent = left > 0 ? `${start} (${left})` : start;
      if (left > 0) return;
      this.stop();
      this.#view.tell(this.#words().limitedOver);
      this.#over();
    }, 1_000);
    return fill(this.#words().limited, { seconds });
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }
}
