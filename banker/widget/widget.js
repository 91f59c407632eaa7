// <virtual-banker session-url="/banker-session"></virtual-banker>: the banker on a bank's page.
//
// The page never holds a token of the bank: `session-url` is the bank's own back end, same origin, with cookies, and
// returns what POST /v1/sessions returned. Attributes: session-url, service-url (default: where this script comes
// from), csrf-token (sent as X-CSRF-Token), account-id, user (whose conversation a reload may resume), muted, hold-to-talk,
// text-… (see texts.js). Events that bubble: banker:connected, :transcript, :state, :step-up, :step-up-over, :ended, :rating, :error;
// each also under its name with a hyphen (banker-connected), for frameworks whose templates take no colon.

import { appearanceOf, draw } from "./appearance.js";
import { BankerClient } from "./banker-client.js";
import { SavedSession } from "./saved-session.js";
import { SessionLock } from "./session-lock.js";
import { Settings } from "./settings.js";
import { Conversation } from "./conversation.js";
import { ATTRIBUTES, fill, textsOf } from "./texts.js";
import { save, Transcript } from "./transcript.js";
import { View } from "./view.js";

const ANSWER_MS = 20_000;
const SERVICE = new URL("../", import.meta.url);
const capital = (word) => word[0].toUpperCase() + word.slice(1);

class VirtualBanker extends HTMLElement {
  static observedAttributes = [...ATTRIBUTES, "user"];
  #talk = null; #texts = {}; #settings; #asked = null; #waiting = 0; #lock = null; #ended = null; #wish = {}; #look = null;

  constructor() {
    super();
    const early = Object.entries(this);  // properties that a framework has set before the element was defined
    this.view = new View(this.attachShadow({ mode: "open" }));
    this.transcript = new Transcript(this.view.lines, this.view.live, this.view.newer);
    this.#settings = new Settings(this.view, () => this.#talk);
    this.#bind();
    this.words = textsOf(this, {});
    this.view.texts(this.words);
    this.view.show("idle");
    for (const [name, value] of early) {
      delete this[name];
      this[name] = value;
    }
  }

  /** Override texts, for example with another language; texts.js has their names. */
  get texts() { return { ...this.words }; }
  set texts(table) {
    this.#texts = { ...this.#texts, ...table };
    this.attributeChangedCallback();
  }

  attributeChangedCallback(name, before, now) {
    if (name === "user") return this.#userChanged(before, now);
    this.words = textsOf(this, this.#texts);
    this.view.texts(this.words);
    this.#talk?.showState();
  }

  connectedCallback() {
    if (this.saved) return this.#talk?.moved();
    if (!this.getAttribute("session-url")) console.warn("virtual-banker: the attribute session-url is missing");
    this.saved = new SavedSession(this.getAttribute("session-url"), this.getAttribute("user"));
    this.view.shell.connected();
    this.#look = new AbortController();
    this.#showAppearance(this.#look.signal);
    const kept = this.saved.read();
    if (kept?.expired) this.#wasAway();
    else if (kept) this.#resume(kept);
  }

  /** With it, `moveBefore` moves the element without calling the two others. */
  connectedMoveCallback() {}

  /** A framework that moves the element takes it out and puts it back at once: that is no leaving. */
  disconnectedCallback() { setTimeout(() => { if (!this.isConnected) this.#leave(); }); }

  /**
   * Start a conversation, as the button does. `write`: in writing, without microphone and sound until the user unmutes.
   * `question`: what the user asks first.
   */
  async start({ write = false, question = "" } = {}) {
    if (this.#talk || this.#asked || this.#waiting) return;
    this.#wish = { ...(write && { muted: true, silent: true }), ...(question && { question }) };
    const { view, words } = this;
    this.transcript.clear();
    view.show("idle");
    this.#busy(true);
    view.tell(words.connecting, { actions: [[words.cancel, () => this.hangUp()]] });
    const asked = this.#asked = {};
    const { session = null, refusal = "away", seconds } = await this.#askForSession().catch(() => ({}));
    if (asked !== this.#asked) {  // cancelled meanwhile
      if (session) new BankerClient(this.#service, session).close();
      return;
    }
    this.#asked = null;
    if (session) this.#begin(session);
    else if (refusal === "limited") this.#limited(seconds);
    else this.#refuse(refusal, refusal === "away" ? words.away : words.signedOut);
  }

  /** End the conversation, as the button does, or stop connecting. */
  hangUp() {
    if (this.#talk) this.#talk.finish(this.#talk.begun ? "ended" : "cancelled");
    else if (this.#asked) this.#cancelled();
  }

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
    this.#settings.close();
    this.view.endView.summarise(this.#talk.summary, this.words);
    this.#ended = this.#talk.sessionId;
    this.#talk = null;
    this.#lock.release();
    if (reason === "cancelled") return this.#cancelled();
    this.#busy(false);
    this.#closed(reason);
    if (hadFocus) this.view.again.focus();
    this.fire("ended", { reason });
  }

  fire(name, detail) {
    for (const mark of [":", "-"]) {
      this.dispatchEvent(new CustomEvent(`banker${mark}${name}`, { detail, bubbles: true, composed: true }));
    }
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

  #begin(session, kept = null, revoking = false) {
    if (!kept) this.#lockOf(session.session_id).take();  // a new session is nobody else's
    this.#talk = new Conversation(this, this.#service, session, kept ?? this.#wish);
    if (kept) this.view.show("call");
    if (kept) this.view.tell("");
    else this.view.tell(this.words.connecting, { actions: [[this.words.cancel, () => this.hangUp()]] });
    this.#talk.begin(kept !== null, revoking);
  }

  /** Go on with the conversation of an earlier page, unless another window has it. */
  async #resume(kept) {
    const lock = this.#lockOf(kept.session.session_id);
    const asked = this.#asked = {};
    const isFree = await lock.take();
    if (asked !== this.#asked) return lock.release();
    this.#asked = null;
    if (isFree) this.#begin(kept.session, kept, !SessionLock.exists);
    else this.#elsewhere(kept);
  }

  #lockOf(sessionId) {
    this.#lock = new SessionLock(sessionId, () => this.#talk?.kept ?? null, () => this.#taken());
    return this.#lock;
  }

  /** Another window has asked for the conversation. */
  #taken() {
    const kept = this.#talk?.kept;
    if (!kept) return;
    this.#letGo();
    this.#elsewhere(kept);
    this.fire("ended", { reason: "elsewhere" });
  }

  #elsewhere(kept) {
    const bring = async () => {
      this.view.tell(this.words.connecting);
      const given = await this.#lock.bring();
      if (this.isConnected && !this.#talk) this.#begin((given ?? kept).session, given ?? kept);
    };
    this.view.tell(this.words.endedElsewhere, { actions: [[this.words.bringHere, bring]] });
  }

  /** The element has left the page: stop everything here and leave the session for the page that returns. */
  #leave() {
    this.#asked = null;
    this.view.shell.disconnected();
    this.#look?.abort();
    this.#stopWaiting();
    this.#letGo();
    this.#lock?.release();
    this.saved?.release();
    this.saved = null;
  }

  #letGo() {
    this.#settings.close();
    this.#talk?.leave();
    this.#talk = null;
    this.transcript.clear();
    this.#busy(false);
    this.view.show("idle");
    this.view.tell("");
  }

  /** Whoever used this page has signed out, or another user has signed in: nothing is left of the conversation. */
  #userChanged(before, now) {
    if (!this.saved || before === now) return;
    this.#asked = null;
    this.#talk?.finish("signed-out");
    this.saved.forget();
    this.#leave();
    if (this.isConnected) this.connectedCallback();
  }

  #cancelled() {
    this.#asked = null;
    this.#letGo();
    if (this.#hasFocus || document.activeElement === document.body) this.view.start.focus();
    this.fire("ended", { reason: "cancelled" });
  }

  /** The user is back, and the token of the last conversation has run out. */
  #wasAway() {
    this.saved.forget();
    this.#closed("away");
  }

  /** Say that a conversation is over. */
  #closed(reason) {
    this.view.saveAfter.hidden = this.transcript.empty;
    this.view.show("over");
    this.view.tell(this.words[`ended${capital(reason)}`] ?? this.words.endedEnded);
  }

  /** `session`: the create response of the bank's back end; or `refusal`: away, signed-out, or limited for `seconds`. */
  async #askForSession() {
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    const csrf = this.getAttribute("csrf-token");
    if (csrf) headers["X-CSRF-Token"] = csrf;
    const account = this.getAttribute("account-id");
    const body = JSON.stringify({ route: location.pathname, ...(account && { account_id: account }) });
    const url = this.getAttribute("session-url");
    if (!url) return { refusal: "away" };
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(url, { method: "POST", credentials: "same-origin", headers, body, signal });
    if (response.ok && !response.redirected) return { session: await response.json() };
    if (response.status === 429) return { refusal: "limited", seconds: Number(response.headers.get("Retry-After")) || 60 };
    return { refusal: response.redirected || [401, 403].includes(response.status) ? "signed-out" : "away" };
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
    view.save.onclick = view.saveAfter.onclick = () => this.#save();
    view.hangUp.onclick = () => this.hangUp();
    view.onHold((down) => this.#talk?.held(down));
    this.shadowRoot.addEventListener("keydown", ({ key }) => { if (key === "Escape") this.#escape(); });
  }

  #save() {
    const locale = this.closest("[lang]")?.lang || undefined;
    const date = new Date().toLocaleString(locale, { dateStyle: "long", timeStyle: "short" });
    const heading = fill(this.words.saved, { title: this.words.title, bank: this.words.bank || location.host, date });
    save(this.transcript.text(this.words, heading), this.words.fileName);
  }

  #escape() {
    if (this.#settings.escape()) return;
    if (this.#asked || this.#talk?.begun === false) this.hangUp();
    else if (this.#talk) this.#talk.quiet();
    else this.view.shell.escape();
  }

  #agree() {
    this.#talk?.agree();
    this.view.home();
  }

  #send() {
    const text = this.view.composer.take();
    if (text) this.#talk?.say(text);
  }
}

if (!customElements.get("virtual-banker")) customElements.define("virtual-banker", VirtualBanker);
