// One conversation, from its session to its end. Connects client, microphone, transcript and view.

import { BankerClient } from "./banker-client.js";
import { CallLine } from "./call-line.js";
import { CallMicrophone } from "./call-microphone.js";
import { Messages } from "./messages.js";
import { Notices } from "./notices.js";
import { Player } from "./player.js";
import { lastLine } from "./saved-session.js";
import { Status } from "./status.js";
import { ToolCalls } from "./tool-calls.js";
import { fill } from "./texts.js";

const FAREWELL_MS = 6000;  // the banker says that it has stopped listening
const FLUSH_MS = 300;  // lets the last message leave before the connection closes
const FOR_USERS = ["not_listening", "not_pending", "internal_error"];  // errors whose message the service words for users

const FOR_PAGES = ["invalid_context", "context_refused"];  // mistakes of the page, of which the user knows nothing

export class Conversation {
  #host; #view; #client; #messages; #notices; #mic; #player; #kept; #ready = null; #called = false; #over = false; #line;
  #status; #tools; #forgotten = false;

  /** `host` has view, words, transcript, saved, `fire(name, detail)` and `ended(reason)`. `kept` is the state before a reload. */
  constructor(host, base, session, kept = {}) {
    this.#host = host;
    this.#view = host.view;
    this.#notices = new Notices(this.#view);
    this.#player = new Player(this.#view);
    const initial = { muted: host.hasAttribute("muted"), hold: host.hasAttribute("hold-to-talk") };
    this.#kept = { ...initial, consented: false, ...kept };
    const call = this.#call();
    this.#mic = new CallMicrophone(this.#view, this.#notices, call);
    this.#line = new CallLine(this.#view, this.#notices, call);
    this.#status = new Status(this.#view, call);
    this.#client = new BankerClient(base, session, lastLine.why);
    this.#messages = new Messages(host.transcript, () => host.words, (event) => this.#client.send(event));
    this.#tools = new ToolCalls(host, this.#client, this.#status, call);
    this.#keep({ session: this.#client.session });
    this.#mic.showMuting();
    this.#view.theme(session.config.theme?.primaryColor);
    const on = (type, act) => this.#client.addEventListener(type, ({ detail }) => { if (!this.#over) act(detail); });
    // A token that comes after the page was left has replaced the one that is kept.
    this.#client.addEventListener("session", ({ detail: { session } }) => this.#keep({ session }));
    // A page that was left without a bye keeps the call until this page makes its own offer.
    on("ready", ({ consent_required }) => { if (this.#kept.consented && !consent_required && !this.#called) this.agree(); });
    on("session.ready", (event) => this.#onReady(event));
    on("session.expiring", ({ seconds }) => this.#notices.tell("info", fill(host.words.expiring, { seconds })));
    on("consent.revoked", () => { this.#mic.close(); this.#revoked(); setTimeout(() => this.finish("withdrawn"), FAREWELL_MS); });
    on("session.ended", ({ reason }) => this.finish(reason));
    on("transcript", (event) => this.#onTranscript(event));
    on("state", ({ state }) => { this.#status.state = state; this.showState(); host.fire("state", { state }); });
    on("tool.called", (event) => this.#tools.called(event));
    on("tool.finished", (event) => this.#tools.finished(event));
    on("step_up.request", (event) => this.stepUp.asked(event));
    on("handover", (event) => this.#onHandOver(event));
    on("confirm.request", (event) => this.#tools.asked(event));
    on("error", (event) => this.#onError(event));
    on("track", (event) => this.#player.play(event));
    on("line", (event) => this.#line.changed(event));
  }

  /** What another window needs to go on with this conversation. */
  get kept() { return this.#kept; }
  /** Whether the service was reached: before that, ending is cancelling. */
  get begun() { return this.#ready !== null; }
  /** How the conversation is carried: voice, text, or null while it is not. */
  get line() { return this.#line.name; }
  get hold() { return this.#kept.hold; }
  get muted() { return this.#mic.muted; }
  get microphone() { return this.#mic.device; }

  /** Connect; `resume` an earlier page's session, `revoking` the token that another page may hold. */
  begin(resume, revoking) {
    this.#status.start();
    if (resume) this.#client.resume(revoking);
    else this.#client.connect();
  }

  /** The element was moved within the page. */
  moved() {
    this.#player.resume();
    this.#host.transcript.toEnd();
  }

  /** The user agreed, or need not: open the microphone, start the call, then send the consent. */
  async agree() {
    this.#called = true;
    this.#view.show("call");
    this.#view.avatar(BankerClient.carriesSound && this.#client.session.config.avatar_enabled);
    this.#player.unlock();
    // A user who starts muted is asked for the microphone on unmuting.
    const wanted = BankerClient.carriesSound && (!this.#kept.muted || this.hold);
    const track = wanted ? await this.#line.microphone() : null;
    if (this.#over) return;
    this.#client.call(track);
    if (this.#ready?.consent_required) this.#grant();
    this.#keep({ consented: true });
    this.report();
    const { question } = this.#kept;
    this.#keep({ question: "" });
    if (question) this.say(question);
  }

  /** Tell the service what has changed of where the user is in the portal, once they have agreed. */
  report() {
    if (!this.#called || !this.#kept.consented) return;
    const { portal } = this.#host, known = this.#kept.portal ?? {};
    const left = Object.keys(known).filter((name) => !(name in portal)).map((name) => [name, ""]);
    const changed = [...Object.entries(portal).filter(([name, value]) => known[name] !== value), ...left];
    if (!changed.length) return;
    this.#client.send({ type: "context.update", context: Object.fromEntries(changed) });
    this.#keep({ portal });
  }

  /** Tell the service whether the conversation has helped. */
  rate(rating) { this.#client.rate(rating); }

  /** Whether the user has minimised the widget, for the next page. */
  setMinimised(minimised) { this.#keep({ minimised }); }

  say(text) {
    this.#notices.tell("trouble", "");
    this.#messages.say(text);
  }

  quiet() { this.#client.send({ type: "speech.cancel" }); }

  /** Say something now, or as soon as the user has agreed. */
  ask(text) {
    if (this.#called) this.say(text);
    else this.#keep({ question: text });
  }

  /** Answer the banker's question by button. */
  answer(approved) { this.#tools.answer(approved); }

  setMuted(muted) { this.#mic.setMuted(muted); }
  setHold(hold) { this.#mic.setHold(hold); }
  /** The hold-to-talk button was pressed or released. Pressing it interrupts the banker. */
  held(down) {
    if (down && this.#status.state === "speaking") this.quiet();
    this.#mic.held(down);
  }

  chooseMicrophone(deviceId) { return this.#line.chooseMicrophone(deviceId); }

  listen() { this.#player.listen(); }

  /** Withdraw the consent: stop the microphone at once, then end the session. */
  withdraw() {
    this.#mic.close();
    this.#client.send({ type: "consent.revoke" });
    this.#revoked();
    setTimeout(() => this.finish("withdrawn"), FLUSH_MS);
  }

  /** How long the conversation has been going on, and what was done. */
  get summary() { return this.#tools.summary; }
  get stepUp() { return this.#tools.stepUp; }
  get sessionId() { return this.#client.session.session_id; }

  /** End the conversation for `reason`. */
  finish(reason) {
    if (this.#over) return;
    this.#release();
    this.#forgotten = true;
    this.#host.saved.forget();
    this.#client.close();
    this.#host.ended(reason);
  }

  /** The element left the page: stop everything here and leave the session for the page that returns. */
  leave() {
    this.#release();
    this.#client.stop();
  }

  showState() { this.#status.show(); }

  #onReady(event) {
    const words = this.#host.words;
    this.#ready = event;
    this.#tools.reconnected();
    this.#host.transcript.dropPartial();
    event.history.forEach((turn) => this.#host.transcript.show({ ...turn, final: true }, words, { announce: false }));
    if (event.voice === false) this.#notices.tell("info", words.noVoice);
    if (this.#called) {
      if (event.consent_required && this.#kept.consented) this.#grant();  // the grant was lost with the connection
    } else if (event.consent_required) {
      this.#host.askConsent(event.consent_text);
    } else {
      this.agree();
    }
    if (this.#called) this.#messages.reconnected(event.history);
  }

  #revoked() { this.#host.fire("consent", { granted: false, version: this.#ready?.consent_version ?? "" }); }

  #grant() {
    const version = this.#ready.consent_version;
    this.#client.send({ type: "consent.grant", version });
    if (!this.#kept.consented) this.#host.fire("consent", { granted: true, version });
  }

  #onTranscript(event) {
    if (event.message_id) this.#messages.arrived(event.message_id);
    this.#host.transcript.show(event, this.#host.words);
    if (event.role === "user") this.#notices.tell("trouble", "");
    else if (event.final) this.#view.shell.unread();
    if (event.final) this.#tools.turn(event.role);
    const { turn, role, text, final, interrupted = false, links = [], speaker = "" } = event;
    this.#host.fire("transcript", { turn, role, text, final, interrupted, links, speaker });
  }

  /** A colleague of the bank has joined, or is gone again. The banker says so. */
  #onHandOver({ state, position, wait_seconds, name = "" }) {
    this.#view.colleague(state === "joined" ? name : "");
    this.#host.fire("handover", { state, position, wait_seconds, name });
  }

  #onError({ error, message }) {
    const { words } = this.#host;
    if (FOR_PAGES.includes(error)) {
      console.warn(`virtual-banker: ${error}: ${message}`);
      return this.#host.fire("error", { kind: error, message });
    }
    const shown = words[`error:${error}`] ?? (FOR_USERS.includes(error) ? message : words.trouble);
    if (shown !== message) console.warn(`virtual-banker: ${error}: ${message}`);
    this.#notices.tell("trouble", shown, { bad: true });
    this.#host.fire("error", { kind: error, message: shown });
  }

  /** What microphone, line and status need of this conversation. */
  #call() {
    const talk = this;
    return {
      get words() { return talk.#host.words; },
      get settings() { return talk.#kept; },
      get line() { return talk.line; },
      get hold() { return talk.hold; },
      get microphone() { return talk.#mic; },
      get sessionId() { return talk.sessionId; },
      keep: (what) => this.#keep(what),
      choose: (deviceId) => this.chooseMicrophone(deviceId),
      secondsLeft: () => this.#ready && this.#client.remaining(this.#ready.expires_at) / 1000,
      lost: () => { this.#status.state = "listening"; this.#messages.disconnected(); },
      send: (track) => this.#client.setMicrophone(track),
      changed: () => this.showState(),
      fire: (name, detail) => this.#host.fire(name, detail),
    };
  }

  #keep(what) {
    if (this.#forgotten) return;
    Object.assign(this.#kept, what);
    this.#host.saved.keep(this.#kept);
  }

  #release() {
    this.#over = true;
    this.#status.stop();
    this.#mic.stop();
    this.#tools.stop();
    this.#messages.stop();
    this.#player.stop();
    this.#view.colleague("");
    this.#notices.clear();
  }
}
