// Typed messages on their way: shown at once, sent again after a reconnect, and offered for another try when nothing
// comes back. The service takes a message once, whoever sends it again.

import { Timers } from "./timers.js";

const ANSWER_MS = 15_000;

export class Messages {
  #transcript; #words; #send; #open = new Map(); #timers = new Timers(); #prefix = Math.random().toString(36).slice(2);

  /** `words()` returns the current texts; `send(event)` sends an event of the client. */
  constructor(transcript, words, send) {
    this.#transcript = transcript;
    this.#words = words;
    this.#send = send;
  }

  say(text) {
    const id = `${this.#prefix}-${this.#open.size}-${Date.now()}`;
    this.#open.set(id, text);
    this.#deliver(id);
  }

  /** The service shows the message as a turn. */
  arrived(id) {
    this.#open.delete(id);
    this.#timers.cancel(id);
  }

  /** Nothing is carried for now. */
  disconnected() { this.#timers.clear(); }

  /** The connection is back: send what is not among the turns. */
  reconnected(history) {
    history.forEach(({ message_id: id }) => this.arrived(id));
    [...this.#open.keys()].forEach((id) => this.#deliver(id));
  }

  /** The conversation is over: what has not arrived will not. */
  stop() {
    this.#timers.clear();
    this.#open.forEach((text, id) => this.#show(id, text, "notSent"));
    this.#open.clear();
  }

  #deliver(id) {
    const text = this.#open.get(id);
    this.#show(id, text, "sending");
    this.#send({ type: "message.send", text, message_id: id });
    this.#timers.set(id, ANSWER_MS, () => this.#show(id, text, "notSent", () => this.#deliver(id)));
  }

  #show(id, text, status, again = null) {
    const words = this.#words();
    this.#transcript.unsent({ id, text, status: words[status], again }, words);
  }
}
