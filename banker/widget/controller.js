// What the element does: it starts, resumes and ends conversations, and gives each what it needs of the page.

import { BankerClient } from "./banker-client.js";
import { bind } from "./bindings.js";
import { Conversation } from "./conversation.js";
import { Look } from "./look.js";
import { SavedSession } from "./saved-session.js";
import { Screens } from "./screens.js";
import { SessionLock } from "./session-lock.js";
import { askForSession, portalContext } from "./session-request.js";
import { Settings } from "./settings.js";
import { fill } from "./texts.js";
import { save, Transcript } from "./transcript.js";
import { View } from "./view.js";

const SERVICE = new URL("../", import.meta.url);

export class Controller {
  #element; #screens; #look; #settings; #talk = null; #asked = null; #lock = null; #ended = null; #wish = {}; #context = {};
  #moved = () => this.#talk?.report();
  saved = null;

  constructor(element, root) {
    this.#element = element;
    this.view = new View(root);
    this.transcript = new Transcript(this.view.lines, this.view.live, this.view.newer);
    this.#settings = new Settings(this.view, () => this.#talk);
    this.#look = new Look(element, this.view, () => this.#talk?.showState());
    this.#screens = new Screens(this.view, root, this);
    bind(this, root);
    this.view.show("idle");
  }

  /** The current conversation, or null. */
  get talk() { return this.#talk; }
  hasAttribute(name) { return this.#element.hasAttribute(name); }

  get words() { return this.#look.words; }

  /** What the bank's page adds to the portal's context. Setting it tells the conversation, the page's route too. */
  get context() { return this.#context; }
  set context(context) {
    this.#context = context;
    this.#talk?.report();
  }

  /** Where the user is in the portal. */
  get portal() {
    const entries = Object.entries(portalContext(this.#element, this.#context));
    return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
  }

  /** Override texts, for example with another language; texts.js has their names. */
  setTexts(table) { this.#look.override(table); }

  attributeChanged(name, before, now) {
    if (name === "user") this.#userChanged(before, now);
    else if (name === "lang") this.#look.showLanguage();
    else if (name === "account-id") this.#talk?.report();
    else this.#look.showTexts();
  }

  connected() {
    if (this.saved) return this.#talk?.moved();
    if (!this.#element.getAttribute("session-url")) console.warn("virtual-banker: the attribute session-url is missing");
    this.saved = new SavedSession(this.#element.getAttribute("session-url"), this.#element.getAttribute("user"));
    this.view.shell.connected();
    globalThis.navigation?.addEventListener("currententrychange", this.#moved);
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

  rated(rating) {
    this.#ended.rate(rating);
    this.fire("rating", { session_id: this.#ended.sessionId, rating });
  }

  /**
   * Start a conversation, as the button does. `write`: in writing, without microphone and sound until the user unmutes.
   * `question`: what the user asks first.
   */
  async start({ write = false, question = "" } = {}) {
    if (this.#talk || this.#asked || this.#screens.limited) return;
    this.#wish = { portal: this.portal, ...(write && { muted: true, silent: true }), ...(question && { question }) };
    this.transcript.clear();
    this.view.show("idle");
    this.#screens.busy(true);
    this.#screens.connecting(() => this.hangUp());
    const asked = this.#asked = {};
    const { session = null, refusal = "away", seconds } = await askForSession(this.#element, this.context).catch(() => ({}));
    if (asked !== this.#asked) {  // cancelled meanwhile
      if (session) new BankerClient(this.#service, session).close();
      return;
    }
    this.#asked = null;
    if (session) this.#begin(session);
    else this.#screens.refused(refusal, seconds);
  }

  /** End the conversation, as the button does, or stop connecting. */
  hangUp() {
    if (this.#talk) this.#talk.finish(this.#talk.begun ? "ended" : "cancelled");
    else if (this.#asked) this.#cancelled();
  }

  askConsent(text) { this.#screens.consent(text); }

  ended(reason) {
    this.view.endView.summarise(this.#talk.summary, this.words);
    this.#ended = this.#talk;
    this.#talk = null;
    this.#lock.release();
    if (reason === "cancelled") return this.#cancelled();
    this.#screens.over(reason, this.transcript.empty);
    this.#settings.close();
    this.fire("ended", { reason });
  }

  fire(name, detail) {
    for (const mark of [":", "-"]) {
      this.#element.dispatchEvent(new CustomEvent(`banker${mark}${name}`, { detail, bubbles: true, composed: true }));
    }
  }

  get #service() { return new URL(this.#element.getAttribute("service-url") ?? SERVICE, location.href); }

  #begin(session, kept = null, revoking = false) {
    if (!kept) this.#lockOf(session.session_id).take();  // a new session is nobody else's
    this.#talk = new Conversation(this, this.#service, session, kept ?? this.#wish);
    if (kept) this.#screens.resumed(kept);
    else this.#screens.connecting(() => this.hangUp());
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
      if (this.#element.isConnected && !this.#talk) this.#begin((given ?? kept).session, given ?? kept);
    };
    this.view.tell(this.words.endedElsewhere, { actions: [[this.words.bringHere, bring]] });
  }

  /** The element has left the page: stop everything here and leave the session for the page that returns. */
  leave() {
    this.#asked = null;
    this.view.shell.disconnected();
    globalThis.navigation?.removeEventListener("currententrychange", this.#moved);
    this.#look.stop();
    this.#screens.stop();
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
    this.#screens.idle();
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
    this.#screens.focusStart();
    this.fire("ended", { reason: "cancelled" });
  }

  /** The user is back, and the token of the last conversation has run out. */
  #wasAway() {
    this.saved.forget();
    this.#screens.over("away", true);
  }

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
