// <virtual-banker session-url="/banker-session"></virtual-banker>: the banker on a bank's page.
//
// The page never holds a token of the bank: `session-url` is the bank's own back end, same origin, with cookies, and
// returns what POST /v1/sessions returned. Attributes: session-url, service-url (default: where this script comes
// from), csrf-token (sent as X-CSRF-Token), account-id, user (whose conversation a reload may resume), muted, hold-to-talk,
// text-… (see texts.js). Events that bubble: banker:connected, :transcript, :state, :step-up, :step-up-over, :ended, :rating, :error.

import { appearanceOf, draw } from "./appearance.js";
import { SavedSession } from "./saved-session.js";
import { Settings } from "./settings.js";
import { Conversation } from "./conversation.js";
import { ATTRIBUTES, fill, textsOf } from "./texts.js";
import { save, Transcript } from "./transcript.js";
import { View } from "./view.js";

const ANSWER_MS = 20_000;
const SERVICE = new URL("../", import.meta.url);
const capital = (word) => word[0].toUpperCase() + word.slice(1);

class VirtualBanker extends HTMLElement {
  static observedAttributes = ATTRIBUTES;
  #talk = null; #texts = {}; #settings; #pending = null; #waiting = 0; #ended = null; #wish = {}; #look = null;

  constructor() {
    super();
    this.view = new View(this.attachShadow({ mode: "open" }));
    this.transcript = new Transcript(this.view.lines, this.view.live);
    this.#settings = new Settings(this.view, () => this.#talk);
    this.#bind();
    this.words = textsOf(this, {});
    this.view.texts(this.words);
    this.view.show("idle");
  }

  /** Override texts, for example with another language; texts.js has their names. */
  get texts() { return { ...this.words }; }
  set texts(table) {
    this.#texts = { ...this.#texts, ...table };
    this.attributeChangedCallback();
  }

  attributeChangedCallback() {
    this.words = textsOf(this, this.#texts);
    this.view.texts(this.words);
    this.#talk?.showState();
  }

  connectedCallback() {
    this.saved = new SavedSession(this.getAttribute("session-url"), this.getAttribute("user"));
    this.view.shell.connected();
    this.#look = new AbortController();
    this.#showAppearance(this.#look.signal);
    const kept = this.saved.read();
    if (kept?.stranger) this.saved.forget();
    else if (kept) this.#begin(kept.session, kept);
  }

  disconnectedCallback() {
    this.#pending?.abort();
    this.#stopWaiting();
    this.#settings.close();
    this.view.shell.disconnected();
    this.#look?.abort();
    this.#talk?.leave();
    this.#talk = null;
    this.transcript.clear();
    this.view.show("idle");
  }

  /**
   * Start a conversation, as the button does. `write`: in writing, without microphone and sound until the user unmutes.
   * `question`: what the user asks first.
   */
  async start({ write = false, question = "" } = {}) {
    if (this.#talk || this.#pending || this.#waiting) return;
    this.#wish = { ...(write && { muted: true, silent: true }), ...(question && { question }) };
    const { view, words } = this;
    this.transcript.clear();
    view.show("idle");
    this.#busy(true);
    view.tell(words.connecting);
    this.#pending = new AbortController();
    try {
      const session = await this.#askForSession(AbortSignal.any([this.#pending.signal, AbortSignal.timeout(ANSWER_MS)]));
      if (session && this.isConnected) this.#begin(session, null);
    } catch {
      if (this.isConnected) this.#refuse("away", words.away);
    } finally {
      this.#pending = null;
    }
  }

  /** End the conversation, as the button does. */
  hangUp() { this.#talk?.finish("ended"); }

  // Called by the conversation

  askConsent(text) {
    this.view.consentText.textContent = text;
    const hadFocus = this.#hasFocus;
    this.view.tell("");
    this.view.show("consent");
    if (hadFocus) this.view.consent.focus();
  }

  ended(reason) {
    const hadFocus = this.#hasFocus;
    const words = this.words[`ended${capital(reason)}`] ?? this.words.endedEnded;
    this.#settings.close();
    this.view.endView.summarise(this.#talk.summary, this.words);
    this.#ended = this.#talk.sessionId;
    this.#talk = null;
    this.#busy(false);
    this.view.saveAfter.hidden = this.transcript.empty;
    this.view.show("over");
    this.view.tell(words);
    if (hadFocus) this.view.again.focus();
    this.fire("ended", { reason });
  }

  fire(name, detail) {
    this.dispatchEvent(new CustomEvent(`banker:${name}`, { detail, bubbles: true, composed: true }));
  }

  async #showAppearance(signal) {
    const { theme, examples, portrait } = await appearanceOf(this.#service, this.getAttribute("tenant"), signal);
    if (signal.aborted) return;
    if (!this.#talk) this.view.theme(theme.primaryColor);
    this.view.idleView.offer(examples);
    if (portrait) [this.view.idleView.portrait, this.view.shell.portrait].forEach((place) => draw(place, portrait));
  }

  get #service() { return new URL(this.getAttribute("service-url") ?? SERVICE, location.href); }

  get #hasFocus() { return this.shadowRoot.activeElement !== null; }

  #begin(session, kept) {
    this.#talk = new Conversation(this, this.#service, session, kept ?? this.#wish);
    if (kept) this.view.show("call");
    this.view.tell(kept ? "" : this.words.connecting);
    this.#talk.begin(kept !== null);
  }

  /** The create response from the bank's back end; null when it refused, after showing why. */
  async #askForSession(signal) {
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    const csrf = this.getAttribute("csrf-token");
    if (csrf) headers["X-CSRF-Token"] = csrf;
    const account = this.getAttribute("account-id");
    const body = JSON.stringify({ route: location.pathname, ...(account && { account_id: account }) });
    const url = this.getAttribute("session-url");
    const response = await fetch(url, { method: "POST", credentials: "same-origin", headers, body, signal });
    if (response.ok && !response.redirected) return response.json();
    if (response.status === 429) this.#limited(Number(response.headers.get("Retry-After")) || 60);
    else if (response.redirected || [401, 403].includes(response.status)) this.#refuse("signed-out", this.words.signedOut);
    else this.#refuse("away", this.words.away);
    return null;
  }

  #refuse(kind, message) {
    this.view.show("idle");
    this.view.tell(message, { bad: true });
    this.#busy(false);
    if (this.#hasFocus || document.activeElement === document.body) this.view.start.focus();
    this.fire("error", { kind, message });
  }

  /** Count down on the button until another conversation may start; the notice is announced once. */
  #limited(seconds) {
    const until = Date.now() + seconds * 1000;
    this.#refuse("limited", fill(this.words.limited, { seconds }));
    this.#busy(true);
    this.#waiting = setInterval(() => {
      const left = Math.ceil((until - Date.now()) / 1000);
      this.view.start.textContent = left > 0 ? `${this.words.start} (${left})` : this.words.start;
      if (left > 0) return;
      this.#stopWaiting();
      this.view.tell(this.words.limitedOver);
    }, 1_000);
  }

  #stopWaiting() {
    clearInterval(this.#waiting);
    this.#waiting = 0;
    this.#busy(false);
  }

  /** `aria-disabled` instead of `disabled`: a disabled button loses the keyboard focus. */
  #busy(busy) { this.view.start.setAttribute("aria-disabled", busy); }

  #bind() {
    const { view } = this;
    view.start.onclick = view.again.onclick = () => this.start();
    view.agree.onclick = () => this.#agree();
    view.decline.onclick = () => this.#talk?.finish("declined");
    view.write.onclick = () => this.start({ write: true });
    view.idleView.onAsk((question) => this.start({ question }));
    view.endView.onRate((rating) => this.fire("rating", { session_id: this.#ended, rating }));
    view.shell.onOpen = () => (this.#talk ? view.home() : view.start.focus());
    view.form.onsubmit = (event) => { event.preventDefault(); this.#send(); };
    view.yes.onclick = () => this.#talk?.answer(true);
    view.no.onclick = () => this.#talk?.answer(false);
    view.stepUpNo.onclick = () => this.#talk?.stepUp.takeBack();
    view.mute.onclick = () => this.#talk?.setMuted(!this.#talk.muted);
    view.quiet.onclick = () => this.#talk?.quiet();
    view.listen.onclick = () => this.#talk?.listen();
    view.save.onclick = view.saveAfter.onclick = () => save(this.transcript.text(this.words), this.words.fileName);
    view.hangUp.onclick = () => this.hangUp();
    view.onHold((down) => this.#talk?.held(down));
    this.shadowRoot.addEventListener("keydown", ({ key }) => { if (key === "Escape") this.#escape(); });
  }

  #agree() {
    this.#talk?.agree();
    this.view.home();
  }

  #send() {
    const text = this.view.composer.take();
    if (text) this.#talk?.say(text);
  }

  #escape() {
    if (this.#settings.escape()) return;
    if (this.#talk) this.#talk.quiet();
    else this.view.shell.escape();
  }
}

if (!customElements.get("virtual-banker")) customElements.define("virtual-banker", VirtualBanker);
