// <virtual-banker session-url="/banker-session"></virtual-banker>: the banker on a bank's page.
//
// The page never holds a token of the bank: `session-url` is the bank's own back end, same origin, with cookies, and
// returns what POST /v1/sessions returned. docs/embedding.md has the attributes and events, widget.d.ts their types, and
// controller.js what happens. Each event bubbles under two names, banker:connected and banker-connected, for frameworks
// whose templates take no colon.

import { Controller } from "./controller.js";
import { ATTRIBUTES } from "./texts.js";

const Base = globalThis.HTMLElement ?? class {};  // a server that renders pages imports this, too

export class VirtualBanker extends Base {
  static observedAttributes = [...ATTRIBUTES, "user", "lang", "account-id"];
  #controller;

  constructor() {
    super();
    const early = Object.entries(this);  // properties that a framework has set before the element was defined
    this.#controller = new Controller(this, this.attachShadow({ mode: "open" }));
    for (const [name, value] of early) {
      delete this[name];
      this[name] = value;
    }
  }

  attributeChangedCallback(name, before, now) { this.#controller.attributeChanged(name, before, now); }
  connectedCallback() { this.#controller.connected(); }

  /** With it, `moveBefore` moves the element without calling the two others. */
  connectedMoveCallback() {}

  /** A framework that moves the element takes it out and puts it back at once: that is no leaving. */
  disconnectedCallback() { setTimeout(() => { if (!this.isConnected) this.#controller.leave(); }); }

  /** The texts as they are shown. What is assigned wins over attributes and language packs; texts.js has the names. */
  get texts() { return { ...this.#controller.words }; }
  set texts(table) { this.#controller.setTexts(table); }

  /** What the bank's page shows, as strings, beside its `route`: sent to `session-url`, and when it changes in a conversation. */
  get context() { return { ...this.#controller.context }; }
  set context(context) { this.#controller.context = { ...context }; }

  /** idle, connecting, consent, listening, thinking, speaking or ended. */
  get state() { return this.#controller.state; }

  /** `session_id`, `line` (voice, text, or null while connecting) and `muted` of the conversation, or null. */
  get session() {
    const { talk } = this.#controller;
    return talk && { session_id: talk.sessionId, line: talk.line, muted: talk.muted };
  }

  /**
   * Start a conversation, as the button does. `write`: in writing, without microphone and sound until the user unmutes.
   * `question`: what the user asks first.
   */
  start({ write = false, question = "" } = {}) { return this.#controller.start({ write, question }); }

  /** End the conversation, as the button does, or stop connecting. */
  hangUp() { this.#controller.hangUp(); }

  /** Send what the user would have written; without a conversation, start one with this question. */
  sendMessage(text) { this.#controller.sendMessage(text); }

  mute() { this.#controller.talk?.setMuted(true); }
  unmute() { this.#controller.talk?.setMuted(false); }
}

if (globalThis.customElements && !customElements.get("virtual-banker")) customElements.define("virtual-banker", VirtualBanker);
