// What the end of a conversation shows: how long it took, and what the banker did after the user's yes.

export class CallRecord {
  #asked = new Map(); #began; #done;

  /** `kept` is the record before a reload of the page. */
  constructor(kept = {}) {
    this.#began = kept.began ?? Date.now();
    this.#done = kept.done ?? [];
  }

  /** What a reload needs. */
  get kept() { return { began: this.#began, done: this.#done }; }

  get summary() { return { seconds: (Date.now() - this.#began) / 1000, done: this.#done }; }

  /** A `confirm.request` event: what it asks about may be done later. */
  asked({ call_id, title, summary }) { this.#asked.set(call_id, title ?? summary); }

  /** A `tool.finished` event. */
  finished({ call_id, ok, url }) {
    const title = this.#asked.get(call_id);
    if (ok && title) this.#done.push({ title, url });
    this.#asked.delete(call_id);
  }
}
