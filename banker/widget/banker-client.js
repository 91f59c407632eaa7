// A browser client of the banker: signaling, WebRTC, the events data channel, and reconnecting after a loss.
//
// Emits every banker event under its own type, and also
//   "line"    {line: "voice" | "text" | "lost", why}   what carries the conversation; `why` it is text: udp, busy, open,
//                                                      slow, failed or browser. Voice is tried again behind the text.
//   "ready"   {consent_required}                       the WebSocket is open; `session.ready` follows
//   "track"   {track, receiver}                        the banker's voice or face
//   "session" {session}                                a new token, which a reload of the page needs
// The client itself emits `session.ended` with the reasons "gone" (the service does not know the session or its token)
// and "lost" (the service was away longer than the token lives).

import { ConnectionState } from "./connection-state.js";
import { Session } from "./session.js";
import { Timers } from "./timers.js";
import { VoiceCall } from "./voice-call.js";

const SLOW_MS = 3_000;    // without voice by then, the conversation goes on in text while the call is still tried
const SOCKET_MS = 3_000;  // after the call is connected; each open socket holds a thread of the service
const RETRY_MS = [300, 700, 1_500, 3_000, 5_000, 8_000];
const REOFFER_MS = [1_000, 2_000, 4_000];  // after a refusal, while the user still waits for the voice
const VOICE_RETRY_MS = [5_000, 15_000, 30_000, 60_000, 120_000];  // behind the text
const FRESH_MS = 30_000;
// What the service says of an offer, and why the conversation then goes on in text.
const REFUSALS = { unavailable: "busy", too_many_open: "open", too_many_offers: "slow", invalid_offer: "failed" };
const ONLY_OFFERS = ["too_many_offers", "invalid_offer", "no_offer", "invalid_candidate"];
const at = (delays, number) => delays[Math.min(number, delays.length - 1)];

export class BankerClient extends EventTarget {
  /** Some WebKit builds, and browsers in which it is switched off, have no WebRTC. */
  static carriesSound = "RTCPeerConnection" in globalThis;

  #session; #socket = null; #iceServers = []; #call = null; #track = null; #why; #wanted = false; #outbox = [];
  #state = new ConnectionState(); #timers = new Timers(); #attempts = 0; #refused = 0; #failed = 0;
  #networkChanged = () => this.#tryAtOnce();

  /**
   * `base` is the service's URL; `session` the create response or the detail of an earlier "session" event. `why` the
   * last page had no voice, if it is known: the conversation is then in text until there is one.
   */
  constructor(base, session, why = null) {
    super();
    this.#why = BankerClient.carriesSound ? why : "browser";
    this.#session = new Session(new URL(base, location.href), session,
      (renewed) => this.#emit("session", { session: renewed }),
      (reason) => this.#receive({ type: "session.ended", reason }));
    addEventListener("online", this.#networkChanged);
    navigator.connection?.addEventListener?.("change", this.#networkChanged);
  }

  get session() { return this.#session.known; }

  /** Milliseconds until a time of the service. */
  remaining(time) { return this.#session.remaining(time); }

  /** Open the signaling socket; `session.ready` follows. */
  connect() {
    const socket = this.#session.socket();
    this.#leaveSocket();
    this.#socket = socket;
    socket.onmessage = (message) => { if (socket === this.#socket) this.#onMessage(JSON.parse(message.data)); };
    socket.onclose = () => { if (socket === this.#socket) this.#onSocketClosed(); };
  }

  /** Resume an earlier page's session. `revoking` its token, which another page may hold, makes that page stop. */
  async resume(revoking) {
    if (!revoking && this.#session.left > FRESH_MS) return this.connect();
    const reached = await this.#session.renew();
    if (this.#state.is("over")) return;
    if (reached) this.connect();
    else this.#reconnect();
  }

  /** Begin the call by voice, if it may be: receive voice and face, send `track` (the microphone, or null). */
  call(track) {
    this.#track = track;
    this.#wanted = true;
    this.#begin();
  }

  /** Replace the microphone, or remove it, within the call. */
  async setMicrophone(track) {
    this.#track = track;
    await this.#call?.setMicrophone(track);
  }

  /** Send an event on the data channel, or on the socket while there is none. */
  send(event) {
    this.#outbox.push(JSON.stringify(event));
    this.#flush();
  }

  /** End the session and release everything. */
  async close() {
    if (this.#state.is("over")) return;
    this.stop();
    await this.#session.end();
  }

  /** Rate the session, also when it has ended. */
  rate(rating) { return this.#session.rate(rating); }

  /** Release everything here but keep the session, for a page that resumes it. */
  stop() {
    this.#state.on("closed");
    this.#session.close();
    removeEventListener("online", this.#networkChanged);
    navigator.connection?.removeEventListener?.("change", this.#networkChanged);
    this.#timers.clear();
    this.#dropCall();
    this.#leaveSocket();
  }

  #onMessage(message) {
    switch (message.type) {
      case "ready":
        this.#iceServers = message.ice_servers;
        this.#attempts = 0;
        this.#state.on("opened");
        this.#flush();
        if (this.#wanted) this.#begin();
        this.#emit("ready", message);
        break;
      case "answer":
        this.#call?.answered(message);
        break;
      case "bye":
        break;
      default:
        if (message.type !== "error" || !this.#isAboutTheCall(message)) this.#receive(message);
    }
  }

  /** Errors of signaling are for developers: the user is told what carries the conversation. */
  #isAboutTheCall({ error, message }) {
    const why = REFUSALS[error];
    if (why !== undefined && this.#call?.refuse(why)) return true;
    if (ONLY_OFFERS.includes(error)) console.debug(`virtual-banker: ${error}: ${message}`);
    return ONLY_OFFERS.includes(error);
  }

  #receive(event) {
    if (this.#state.is("over")) return;
    if (event.type === "session.ended") this.stop();
    if (event.type === "error" && event.error === "going_away") this.#reconnect();
    else this.#emit(event.type, event);
  }

  #begin() {
    if (this.#why) {
      this.#state.on("calledInText");
      this.#emit("line", { line: "text", why: this.#why });
      if (BankerClient.carriesSound) this.#timers.set("voice", at(VOICE_RETRY_MS, this.#failed), () => this.#tryVoice());
    } else {
      this.#state.on("called");
      this.#timers.set("slow", SLOW_MS, () => this.#goOnInText("slow"));
      this.#tryVoice();
    }
  }

  #tryVoice() {
    this.#dropCall();
    const call = new VoiceCall(this.#iceServers, this.session.config.avatar_enabled, this.#track, {
      signal: (message) => this.#signal(message),
      connected: () => this.#onVoice(),
      opened: () => this.#flush(),
      failed: (why) => this.#onNoVoice(why),
      lost: () => this.#reconnect(),
      event: (event) => this.#receive(event),
      track: (event) => this.#emit("track", event),
    });
    this.#call = call;
    call.offer().catch(() => { if (call === this.#call) this.#onNoVoice("failed"); });
  }

  #onVoice() {
    this.#attempts = this.#refused = this.#failed = 0;
    this.#why = null;
    this.#timers.cancel("slow");
    this.#timers.cancel("voice");
    this.#state.on("connected");
    this.#emit("line", { line: "voice" });
    this.#timers.set("socket", SOCKET_MS, () => { if (this.#call?.channel) this.#leaveSocket(); });
  }

  /** The call was refused, or does not get through. It is tried again, behind the text if that takes long. */
  #onNoVoice(why) {
    this.#dropCall();
    const isRefusal = Object.values(REFUSALS).includes(why);
    if (isRefusal && this.#state.is("calling") && this.#refused < REOFFER_MS.length) {
      this.#timers.set("voice", REOFFER_MS[this.#refused++], () => this.#tryVoice());
      return;
    }
    this.#goOnInText(why);
    this.#timers.set("voice", at(VOICE_RETRY_MS, this.#failed++), () => this.#tryVoice());
  }

  /** What an attempt behind the text says counts only if it is sure. */
  #goOnInText(why) {
    this.#timers.cancel("slow");
    if (this.#state.on("unheard") || (why !== this.#why && (why === "udp" || this.#why === "slow"))) {
      this.#why = why;
      this.#emit("line", { line: "text", why });
    }
    this.#flush();
  }

  #onSocketClosed() {
    this.#socket = null;
    if (!this.#state.is("over") && !this.#call?.channel) this.#reconnect();
  }

  #reconnect() {
    if (this.#state.is("over")) return;
    ["slow", "voice", "socket"].forEach((name) => this.#timers.cancel(name));
    this.#dropCall();
    this.#leaveSocket();
    this.#state.on("broken");
    this.#emit("line", { line: "lost" });
    const isFirst = this.#attempts === 0;
    this.#timers.set("retry", at(RETRY_MS, this.#attempts++), async () => {
      const { left } = this.#session;
      if (left < 0) return this.#receive({ type: "session.ended", reason: "lost" });
      // Usually the token is still valid; browsers show a refusal only as a socket that closes.
      if ((isFirst && left > FRESH_MS) || await this.#session.renew()) return this.#state.is("over") || this.connect();
      return this.#reconnect();
    });
  }

  /** The network has changed: what waits for its next attempt is tried now. */
  #tryAtOnce() {
    if (this.#timers.has("retry")) {
      this.#attempts = 0;
      this.#reconnect();
    } else if (this.#state.is("text") && this.#timers.has("voice")) {
      this.#failed = 0;
      this.#timers.set("voice", RETRY_MS[0], () => this.#tryVoice());
    }
  }

  #flush() {
    const socket = this.#socket?.readyState === WebSocket.OPEN ? this.#socket : null;
    const transport = this.#call?.channel ?? socket;
    while (transport && this.#outbox.length) transport.send(this.#outbox.shift());
  }

  #signal(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #dropCall() {
    this.#call?.close();
    this.#call = null;
  }

  #leaveSocket() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
