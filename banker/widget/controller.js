// What the element does: it starts, resumes and ends conversations, and gives each what it needs of the page.

import { BankerClient } from "./banker-client.js";
import { bind } from "./bindings.js";
import { Conversation } from "./conversation.js";
import { Look } from "./look.js";
import { SavedSession } from "./saved-session.js";
import { SessionLock } from "./session-lock.js";
import { askForSession } from "./session-request.js";
import { Settings } from "./settings.js";
import { StartLimit } from "./start-limit.js";
import { fill } from "./texts.js";
import { save, Transcript } from "./transcript.js";
import { View } from "./view.js";

const SERVICE = new URL("../", import.meta.url);
const capital = (word) => word[0].toUpperCase() + word.slice(1);

export class Controller {
  #element; #root; #look; #limit; #settings; #talk = null; #asked = null; #lock = null; #ended = null; #wish = {};
  saved = null;
  /** What the bank's page adds to the request for a session. */
  context = {};

  constructor(element, root) {
    this.#element = element;
    this.#root = root;
    this.view = new View(root);
    this.transcript = new Transcript(this.view.lines, this.view.live, this.view.newer);
    this.#settings = new Settings(this.view, () => this.#talk);
    this.#look = new Look(element, this.view, () => this.#talk?.showState());
    this.#limit = new StartLimit(this.view, () => this.words, () => this.#busy(false));
    bind(this, root);
    this.view.show("idle");
  }

  /** The current conversation, or null. */
  get talk() { return this.#talk; }
  hasAttribute(name) { return this.#element.hasAttribute(name); }

  get words() { return this.#look.words; }

  /** Override texts, for example with another language; texts.js has their names. */
  setTexts(table) { this.#look.override(table); }

  attributeChanged(name, before, now) {
    if (name === "user") this.#userChanged(before, now);
    else if (name === "lang") this.#look.showLanguage();
    else this.#look.showTexts();
  }

  connected() {
    if (this.saved) return this.#talk?.moved();
    if (!this.#element.getAttribute("session-url")) console.warn("virtual-banker: the attribute session-url is missing");
    this.saved = new SavedSession(this.#element.getAttribute("session-url"), this.#element.getAttribute("user"));
    this.view.shell.connected();
    this.#look.showTenant(this.#service);
    this.#look.showLanguage();
    const kept = this.saved.read();
    if (kept?.expired) this.#wasAway();
    else if (kept) this.#resume(kept);
  }

  /** What the element is doing, as its property `state`. */
  get state() {
    const { view, state } = this.view.card.dataset;
    if (this.#talk && view === "call") return state === "muted" ? "listening" : state;
    if (view === "consent") return "consent";
    if (this.#talk || this.#asked) return "connecting";
    return view === "over" ? "ended" : "idle";
  }

  /** Send what the user would have written; begin a conversation with it if there is none. */
  sendMessage(text) {
    const words = String(text).trim();
    if (!words) return;
    if (this.#talk) this.#talk.ask(words);
    else if (this.#asked) this.#wish.question = words;
    else this.start({ question: words });
  }

  rated(rating) { this.fire("rating", { session_id: this.#ended, rating }); }

  /**
   * Start a conversation, as the button does. `write`: in writing, without microphone and sound until the user unmutes.
   * `question`: what the user asks first.
   */
  async start({ write = false, question = "" } = {}) {
    if (this.#talk || this.#asked || this.#limit.active) return;
    this.#wish = { ...(write && { muted: true, silent: true }), ...(question && { question }) };
    const { view, words } = this;
    this.transcript.clear();
    view.show("idle");
    this.#busy(true);
    view.tell(words.connecting, { actions: [[words.cancel, () => this.hangUp()]] });
    const asked = this.#asked = {};
    const { session = null, refusal = "away", seconds } = await askForSession(this.#element, this.context).catch(() => ({}));
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
      this.#element.dispatchEvent(new CustomEvent(`banker${mark}${name}`, { detail, bubbles: true, composed: true }));
    }
  }

  get #service() { return new URL(this.#element.getAttribute("service-url") ?? SERVICE, location.href); }
  get #hasFocus() { return this.#root.activeElement !== null; }

  #begin(session, kept = null, revoking = false) {
    if (!kept) this.#lockOf(session.session_id).take();  // a new session is nobody else's
    this.#talk = new Conversation(this, this.#service, session, kept ?? this.#wish);
    if (kept) this.#showKept(kept);
    else this.view.tell(this.words.connecting, { actions: [[this.words.cancel, () => this.hangUp()]] });
    this.#talk.begin(kept !== null, revoking);
  }

  #showKept({ minimised }) {
    this.view.show("call");
    this.view.tell("");
    if (minimised) this.view.shell.close();
    else this.view.shell.open();
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
      if (this.#element.isConnected && !this.#talk) this.#begin((given ?? kept).session, given ?? kept);
    };
    this.view.tell(this.words.endedElsewhere, { actions: [[this.words.bringHere, bring]] });
  }

  /** The element has left the page: stop everything here and leave the session for the page that returns. */
  leave() {
    this.#asked = null;
    this.view.shell.disconnected();
    this.#look.stop();
    this.#limit.stop();
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
    this.leave();
    if (this.#element.isConnected) this.connected();
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

  #refuse(kind, message) {
    this.view.show("idle");
    this.view.tell(message, { bad: true });
    this.#busy(false);
    if (this.#hasFocus || document.activeElement === document.body) this.view.start.focus();
    this.fire("error", { kind, message });
  }

  #limited(seconds) {
    this.#refuse("limited", this.#limit.begin(seconds));
    this.#busy(true);
  }

  /** `aria-disabled` instead of `disabled`: a disabled button loses the keyboard focus. */
  #busy(busy) { this.view.start.setAttribute("aria-disabled", busy); }

  save() {
    const locale = this.#element.closest("[lang]")?.lang || undefined;
    const date = new Date().toLocaleString(locale, { dateStyle: "long", timeStyle: "short" });
    const heading = fill(this.words.saved, { title: this.words.title, bank: this.words.bank || location.host, date });
    save(this.transcript.text(this.words, heading), this.words.fileName);
  }

  escape() {
    if (this.#settings.escape()) return;
    if (this.#asked || this.#talk?.begun === false) this.hangUp();
    else if (this.#talk) this.#talk.quiet();
    else this.view.shell.escape();
  }

  agree() {
    this.#talk?.agree();
    this.view.home();
  }

  send() {
    const text = this.view.composer.take();
    if (text) this.#talk?.say(text);
  }
}
