// One conversation, from its session to its end. Connects client, microphone, transcript and view.

import { MicrophonePrompt } from "./microphone-prompt.js";
import { BankerClient } from "./banker-client.js";
import { CallRecord } from "./call-record.js";
import { LevelRing } from "./level-ring.js";
import { Messages } from "./messages.js";
import { Microphone } from "./microphone.js";
import { Notices } from "./notices.js";
import { Player } from "./player.js";
import { lastLine } from "./saved-session.js";
import { StepUp } from "./step-up.js";
import { fill } from "./texts.js";

const FAREWELL_MS = 6000;  // the banker says that it has stopped listening
const FLUSH_MS = 300;  // lets the last message leave before the connection closes
// Mistakes of the page: trying again does not help, and its developers are told.
const PAGE_MISTAKES = {
  policy: "the Permissions-Policy of this page has no microphone=(self)",
  frame: 'the frame around this page has no allow="microphone"',
  insecure: "browsers give the microphone to pages on https:// only",
};
const LASTING = ["udp", "slow", "failed"];  // reasons for text that the next page will probably meet, too
const FOR_USERS = ["not_listening", "not_pending", "internal_error"];  // errors whose message the service words for users
const capital = (word) => word[0].toUpperCase() + word.slice(1);

export class Conversation {
  #host; #view; #client; #messages; #notices; #prompt; #player; #kept; #ready = null; #called = false; #over = false; #line = null;
  #state = "listening"; #tools = new Map(); #question = null; #clock = 0; #unheard = false; #reopen = false; #forgotten = false;
  #record; #ring;

  /** `host` has view, words, transcript, saved, `fire(name, detail)` and `ended(reason)`. `kept` is the state before a reload. */
  constructor(host, base, session, kept = {}) {
    this.#host = host;
    this.#view = host.view;
    this.#notices = new Notices(this.#view);
    this.#player = new Player(this.#view);
    const initial = { muted: host.hasAttribute("muted"), hold: host.hasAttribute("hold-to-talk") };
    this.microphone = new Microphone(false, {
      lost: (kind) => this.#microphoneFailed(kind),
      paused: () => this.#showPaused(),
    });
    this.#ring = new LevelRing(this.#view, this.microphone);
    this.#prompt = new MicrophonePrompt(this.microphone, this.#notices, () => host.words);
    this.#client = new BankerClient(base, session, lastLine.why);
    this.#messages = new Messages(host.transcript, () => host.words, (event) => this.#client.send(event));
    this.stepUp = new StepUp(host, this.#client);
    this.#kept = { ...initial, consented: false, ...kept };
    this.#record = new CallRecord(kept.record);
    this.#keep({ session: this.#client.session, record: this.#record.kept });
    this.#applyMuting();
    this.#view.theme(session.config.theme?.primaryColor);
    const on = (type, act) => this.#client.addEventListener(type, ({ detail }) => { if (!this.#over) act(detail); });
    // A token that comes after the page was left has replaced the one that is kept.
    this.#client.addEventListener("session", ({ detail: { session } }) => this.#keep({ session }));
    // A page that was left without a bye keeps the call until this page makes its own offer.
    on("ready", ({ consent_required }) => { if (this.#kept.consented && !consent_required && !this.#called) this.agree(); });
    on("session.ready", (event) => this.#onReady(event));
    on("session.expiring", ({ seconds }) => this.#notices.tell("info", fill(host.words.expiring, { seconds })));
    on("consent.revoked", () => { this.microphone.close(); setTimeout(() => this.finish("withdrawn"), FAREWELL_MS); });
    on("session.ended", ({ reason }) => this.finish(reason));
    on("transcript", (event) => this.#onTranscript(event));
    on("state", ({ state }) => { this.#state = state; this.showState(); host.fire("state", { state }); });
    on("tool.called", ({ call_id, tool }) => { this.#tools.set(call_id, tool); this.stepUp.over(call_id); this.showState(); });
    on("tool.finished", (event) => this.#onToolFinished(event));
    on("step_up.request", (event) => this.stepUp.asked(event));
    on("confirm.request", (event) => this.#onQuestion(event));
    on("error", (event) => this.#onError(event));
    on("track", (event) => this.#player.play(event));
    on("line", (event) => this.#onLine(event));
  }

  /** What another window needs to go on with this conversation. */
  get kept() { return this.#kept; }
  /** Whether the service was reached: before that, ending is cancelling. */
  get begun() { return this.#ready !== null; }
  get hold() { return this.#kept.hold; }
  /** Whether the user is not heard: muted, or without a microphone. */
  get muted() { return this.#kept.muted || this.#unheard; }

  /** Connect; `resume` an earlier page's session, `revoking` the token that another page may hold. */
  begin(resume, revoking) {
    this.#clock = setInterval(() => this.#showTime(), 1_000);
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
    this.#reopen = wanted && lastLine.why !== null;  // in text until there is a voice
    const track = wanted && !this.#reopen ? await this.#openMicrophone() : null;
    if (this.#over) return;
    this.#client.call(track);
    if (this.#ready?.consent_required) this.#grant();
    this.#keep({ consented: true });
    const { question } = this.#kept;
    this.#keep({ question: "" });
    if (question) this.say(question);
  }

  say(text) {
    this.#notices.tell("trouble", "");
    this.#messages.say(text);
  }

  quiet() { this.#client.send({ type: "speech.cancel" }); }

  /** Answer the banker's confirmation question by button. */
  answer(approved) {
    if (this.#question === null) return;
    this.#client.send({ type: "confirm", call_id: this.#question, approved });
    this.#dropQuestion();
  }

  setMuted(muted) {
    this.#keep({ muted, silent: false });
    this.#applyMuting();
    this.showState();
    if (!muted && !this.microphone.track) this.chooseMicrophone();
  }

  setHold(hold) {
    this.#keep({ hold, muted: false, silent: false });
    this.#applyMuting();
    this.showState();
    if (!this.microphone.track) this.chooseMicrophone();
  }

  /** The hold-to-talk button was pressed or released. Pressing it interrupts the banker. */
  held(down) {
    if (down && !this.microphone.track) return void this.chooseMicrophone();
    if (down && this.#state === "speaking") this.quiet();
    this.microphone.muted = !down;
    this.#view.held(down);
  }

  /** Open a microphone, or another one, during the call. */
  async chooseMicrophone(deviceId) {
    if (this.#line === "text") return;
    const track = await this.#openMicrophone(deviceId);
    if (this.#over) return;
    if (track) await this.#hear(track);
    this.showState();
  }

  listen() { this.#player.listen(); }

  /** Withdraw the consent: stop the microphone at once, then end the session. */
  withdraw() {
    this.microphone.close();
    this.#client.send({ type: "consent.revoke" });
    setTimeout(() => this.finish("withdrawn"), FLUSH_MS);
  }

  /** How long the conversation has been going on, and what was done. */
  get summary() { return this.#record.summary; }
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

  showState() {
    if (!this.#line || this.#line === "lost") return;
    const words = this.#host.words;
    const tool = [...this.#tools.values()].at(-1);
    let shown = words[this.#state] ?? "";
    if (tool) shown = words[`tool:${tool}`] ?? fill(words.usingTool, { tool: tool.replaceAll("_", " ") });
    else if (this.#state === "listening" && (this.#line === "text" || !this.microphone.track)) shown = words.reading;
    else if (this.#state === "listening" && this.muted && !this.hold) shown = words.listeningMuted;
    else if (this.#state === "listening" && this.microphone.paused) shown = words.listeningPaused;
    const isDeaf = (this.muted && !this.hold) || this.microphone.paused;
    const unheard = this.#state === "listening" && this.#line === "voice" && isDeaf;
    this.#view.state(tool ? "thinking" : unheard ? "muted" : this.#state, shown);
  }

  #onReady(event) {
    const words = this.#host.words;
    this.#ready = event;
    this.#dropQuestion();  // a question that is still open is asked again after this
    this.#tools.clear();
    this.stepUp.reconnected();
    this.#host.transcript.dropPartial();
    this.#messages.reconnected(event.history);
    event.history.forEach((turn) => this.#host.transcript.show({ ...turn, final: true }, words, { announce: false }));
    if (event.voice === false) this.#notices.tell("info", words.noVoice);
    if (this.#called) {
      if (event.consent_required && this.#kept.consented) this.#grant();  // the grant was lost with the connection
    } else if (event.consent_required) {
      this.#host.askConsent(event.consent_text);
    } else {
      this.agree();
    }
  }

  #grant() { this.#client.send({ type: "consent.grant", version: this.#ready.consent_version }); }

  #onToolFinished(event) {
    this.#tools.delete(event.call_id);
    this.stepUp.over(event.call_id);
    this.#record.finished(event);
    this.#keep({ record: this.#record.kept });
    this.showState();
  }

  #onQuestion(event) {
    this.#question = event.call_id;
    this.#record.asked(event);
    this.#view.ask(event);
  }

  #onTranscript(event) {
    if (event.message_id) this.#messages.arrived(event.message_id);
    this.#host.transcript.show(event, this.#host.words);
    if (event.role === "user") this.#notices.tell("trouble", "");
    else if (event.final) this.#view.shell.unread();
    if (event.role === "user" && event.final) this.#dropQuestion();  // what was said answers the question, or drops it
    const { turn, role, text, final, links = [] } = event;
    this.#host.fire("transcript", { turn, role, text, final, links });
  }

  #onError({ error, message }) {
    const { words } = this.#host;
    const shown = words[`error:${error}`] ?? (FOR_USERS.includes(error) ? message : words.trouble);
    if (shown !== message) console.warn(`virtual-banker: ${error}: ${message}`);
    this.#notices.tell("trouble", shown, { bad: true });
    this.#host.fire("error", { kind: error, message: shown });
  }

  #onLine({ line, why }) {
    const words = this.#host.words;
    const before = this.#line;
    this.#line = line;
    if (line === "lost") {
      this.#state = "listening";
      this.#messages.disconnected();
      this.#view.state("connecting", words.connecting);
      if (before !== line) this.#host.fire("error", { kind: "lost", message: words.lost });
    } else if (before !== line) {
      this.#host.fire("connected", { session_id: this.#client.session.session_id, line });
    }
    if (line !== "lost") this.#view.line(line);
    if (line === "text") this.#goOnInText(why);
    if (line === "voice") this.#goOnByVoice(before);
    const texts = { lost: words.lost, text: words[`textOnly${capital(why ?? "slow")}`], voice: "" };
    this.#notices.tell("line", texts[line], { bad: line === "lost" });
    this.showState();
  }

  /** Nobody would hear the microphone. It is opened again with the voice. */
  #goOnInText(why) {
    if (LASTING.includes(why)) lastLine.why = why;
    this.#reopen ||= this.microphone.track !== null;
    this.microphone.close();
    this.#client.setMicrophone(null);
    this.#notices.tell("microphone", "");
  }

  #goOnByVoice(before) {
    lastLine.why = null;
    if (before === "text") this.#notices.tell("trouble", this.#host.words.voiceBack);
    if (this.#reopen && !this.#kept.muted) this.chooseMicrophone();
    this.#reopen = false;
  }

  async #openMicrophone(deviceId) {
    try {
      const track = await this.#prompt.open(deviceId, (late) => this.#hear(late));
      this.#unheard = !track;
      return track;
    } catch (fault) {
      if (!this.#over) this.#microphoneFailed(fault.kind);
      return null;
    } finally {
      this.#applyMuting();
    }
  }

  #microphoneFailed(kind) {
    const words = this.#host.words;
    const again = [words.tryMicrophone, () => this.chooseMicrophone()];
    const mistake = PAGE_MISTAKES[kind];
    if (mistake) console.warn(`virtual-banker: ${mistake}`);
    const actions = mistake ? [] : [again];
    const message = words[`mic${capital(kind)}`];
    this.#unheard = true;
    this.#applyMuting();
    this.#notices.tell("microphone", message, { bad: true, actions: [...actions, this.#prompt.writeInstead] });
    this.#host.fire("error", { kind: `microphone-${kind}`, message });
    this.showState();
  }

  /** The system has muted the microphone, or no longer does. */
  #showPaused() {
    const words = this.#host.words;
    const actions = [[words.tryMicrophone, () => this.chooseMicrophone()]];
    this.#notices.tell("microphone", this.microphone.paused ? words.micPaused : "", { actions });
    this.showState();
  }

  async #hear(track) {
    if (this.#over) return;
    this.#unheard = false;
    this.#applyMuting();
    if (this.microphone.paused) this.#showPaused();
    await this.#client.setMicrophone(track);
    this.showState();
  }

  #applyMuting() {
    if (this.#over) return;
    this.microphone.muted = this.hold || this.#kept.muted;
    this.#view.muting(this.muted, this.hold);
    this.#view.audio.muted = Boolean(this.#kept.silent);
  }

  #dropQuestion() {
    this.#question = null;
    this.#view.hide(this.#view.question);
  }

  #showTime() {
    if (!this.#ready) return;
    const seconds = Math.max(0, Math.round(this.#client.remaining(this.#ready.expires_at) / 1000));
    const words = this.#host.words;
    const shown = seconds > 90 ? fill(words.timeLeft, { minutes: Math.round(seconds / 60) }) : fill(words.secondsLeft, { seconds });
    if (this.#view.left.textContent !== shown) this.#view.left.textContent = shown;
  }

  #keep(what) {
    if (this.#forgotten) return;
    Object.assign(this.#kept, what);
    this.#host.saved.keep(this.#kept);
  }

  #release() {
    this.#over = true;
    clearInterval(this.#clock);
    this.#ring.stop();
    this.#prompt.stop();
    this.stepUp.stop();
    this.#messages.stop();
    this.#player.stop();
    this.microphone.close();
    this.#dropQuestion();
    this.#notices.clear();
  }
}
