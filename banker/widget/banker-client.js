// A browser client of the banker: signaling, WebRTC, the events data channel, and reconnecting after a loss.
//
// Emits every banker event under its own type, and also
//   "line"    {line: "voice" | "text" | "lost", why}   the transport; `why` it is text: udp, busy, open or browser
//   "ready"   {consent_required}                       the WebSocket is open; `session.ready` follows
//   "track"   {track, receiver}                        the banker's voice or face
//   "session" {session}                                a new token, which a reload of the page needs
// The client itself emits `session.ended` with the reasons "gone" (the session no longer exists), "elsewhere" (another
// window has it, or the service changed its keys) and "lost" (the service was away longer than the token lives).

import { Session } from "./session.js";

const CONNECT_MS = 10_000;      // without sound by then, the conversation continues in text
const DISCONNECTED_MS = 4_000;  // ICE often recovers by itself
const PING_MS = 1_000;          // on the data channel: a lost worker is noticed before ICE notices it
const MISSED_PONGS = 3;
const SOCKET_MS = 3_000;        // after the call is connected; each open socket holds a thread of the service
const RETRY_MS = [300, 700, 1_500, 3_000, 5_000, 8_000];
const FRESH_MS = 30_000;
const REFUSALS = { unavailable: "busy", too_many_open: "open" };  // of an offer: the conversation continues in text

export class BankerClient extends EventTarget {
  /** Some WebKit builds, and browsers in which it is switched off, have no WebRTC. */
  static carriesSound = "RTCPeerConnection" in globalThis;

  #session; #socket = null; #pc = null; #channel = null; #sender = null; #track = null;
  #closed = false; #called = false; #inText = false; #attempts = 0; #outbox = []; #pings = 0; #pongs = 0;
  #timers = new Map();
  #online = () => { if (this.#timers.has("retry")) { this.#attempts = 0; this.#reconnect(); } };

  /** `base` is the service's URL; `session` the create response or the detail of an earlier "session" event. */
  constructor(base, session) {
    super();
    this.#session = new Session(new URL(base, location.href), session,
      (renewed) => this.#emit("session", { session: renewed }),
      (reason) => this.#receive({ type: "session.ended", reason }));
    addEventListener("online", this.#online);
  }

  get session() { return this.#session.known; }

  /** Milliseconds until a time of the service. */
  remaining(time) { return this.#session.remaining(time); }

  /** Open the signaling socket; `session.ready` follows. */
  connect() {
    const socket = this.#session.socket();
    this.#socket?.close();
    this.#socket = socket;
    socket.onmessage = (message) => { if (socket === this.#socket) this.#onMessage(JSON.parse(message.data)); };
    socket.onclose = () => { if (socket === this.#socket) this.#onSocketClosed(); };
  }

  /** Resume an earlier page's session. The new token revokes the one that another page may hold. */
  async resume() {
    const reached = await this.#session.renew();
    if (this.#closed) return;
    if (reached) this.connect();
    else this.#reconnect();
  }

  /** Send an offer: receive voice and face, send `track` (the microphone, or null). */
  async call(track) {
    this.#track = track;
    this.#called = true;
    this.#closePeer();
    if (!BankerClient.carriesSound) return this.#fallBack("browser");
    const pc = new RTCPeerConnection({ iceServers: this.iceServers, bundlePolicy: "max-bundle" });
    this.#pc = pc;
    // sendrecv even without a microphone: adding one later needs no new offer.
    this.#sender = pc.addTransceiver(track ?? "audio", { direction: "sendrecv" }).sender;
    if (this.session.config.avatar_enabled) pc.addTransceiver("video", { direction: "recvonly" });
    pc.ontrack = ({ track, receiver }) => this.#emit("track", { track, receiver });
    pc.onicecandidate = ({ candidate }) => {
      if (pc === this.#pc) this.#signal({ type: "candidate", candidate: candidate?.toJSON() ?? null });
    };
    pc.onconnectionstatechange = () => { if (pc === this.#pc) this.#onPeerState(pc.connectionState); };
    const channel = pc.createDataChannel("events", { ordered: true });
    channel.onopen = () => { this.#channel = channel; this.#pings = this.#pongs = 0; this.#flush(); this.#ping(); };
    channel.onmessage = (message) => this.#receive(JSON.parse(message.data));
    channel.onclose = () => { if (channel === this.#channel) this.#reconnect(); };
    this.#later("connect", CONNECT_MS, () => this.#fallBack("udp"));
    await pc.setLocalDescription(await pc.createOffer());
    if (pc === this.#pc) this.#signal({ type: "offer", sdp: pc.localDescription.sdp });
  }

  /** Replace the microphone, or remove it, within the call. */
  async setMicrophone(track) {
    this.#track = track;
    await this.#sender?.replaceTrack(track);
  }

  /** Send an event on the data channel, or on the socket while there is none. */
  send(event) {
    this.#outbox.push(JSON.stringify(event));
    this.#flush();
  }

  /** End the session and release everything. */
  async close() {
    if (this.#closed) return;
    this.stop();
    await this.#session.end();
  }

  /** Release everything here but keep the session, for a page that resumes it. */
  stop() {
    this.#closed = true;
    this.#session.close();
    removeEventListener("online", this.#online);
    this.#timers.forEach((timer) => clearTimeout(timer));
    this.#timers.clear();
    this.#closePeer();
    this.#socket?.close();
    this.#socket = null;
  }

  #onMessage(message) {
    switch (message.type) {
      case "ready":
        this.iceServers = message.ice_servers;
        this.#attempts = 0;
        this.#flush();
        if (this.#inText) this.#emit("line", { line: "text", why: this.#inText });
        else if (this.#called) this.call(this.#track);
        this.#emit("ready", message);
        break;
      case "answer":
        // A late answer belongs to a peer connection that is closed.
        this.#pc?.setRemoteDescription(message).catch(() => {});
        break;
      case "bye":
        break;
      default:
        if (REFUSALS[message.error] && this.#pc?.signalingState === "have-local-offer") this.#fallBack(REFUSALS[message.error]);
        else this.#receive(message);
    }
  }

  #receive(event) {
    if (this.#closed) return;
    if (event.type === "pong") { this.#pongs = event.n; return; }
    if (event.type === "session.ended") this.stop();
    if (event.type === "error" && event.error === "going_away") this.#reconnect();
    else this.#emit(event.type, event);
  }

  /** Ask whether the worker is alive. A service that has never answered knows no pings, and is not doubted. */
  #ping() {
    if (this.#channel?.readyState !== "open") return;
    if (this.#pongs && this.#pings - this.#pongs >= MISSED_PONGS) return this.#reconnect();
    this.send({ type: "ping", n: ++this.#pings });
    this.#later("ping", PING_MS, () => this.#ping());
  }

  #onPeerState(state) {
    this.#cancel("disconnected");
    if (state === "connected") {
      this.#cancel("connect");
      this.#attempts = 0;
      this.#inText = false;
      this.#emit("line", { line: "voice" });
      this.#later("socket", SOCKET_MS, () => this.#leaveSocket());
    } else if (state === "disconnected") {
      this.#later("disconnected", DISCONNECTED_MS, () => this.#reconnect());
    } else if (state === "failed" && this.#timers.has("connect")) {
      this.#fallBack("udp");
    } else if (state === "failed" || state === "closed") {
      this.#reconnect();
    }
  }

  /** Close the WebSocket: the data channel carries everything now. */
  #leaveSocket() {
    if (this.#channel?.readyState !== "open") return;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** No media gets through: continue in text over the WebSocket. */
  #fallBack(why) {
    this.#closePeer();
    this.#inText = why;
    this.#emit("line", { line: "text", why });
    this.#flush();
  }

  #onSocketClosed() {
    this.#socket = null;
    if (!this.#closed && this.#channel?.readyState !== "open") this.#reconnect();
  }

  #reconnect() {
    if (this.#closed) return;
    this.#closePeer();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#emit("line", { line: "lost" });
    const wait = RETRY_MS[Math.min(this.#attempts, RETRY_MS.length - 1)];
    const first = this.#attempts++ === 0;
    this.#later("retry", wait, async () => {
      const { left } = this.#session;
      if (left < 0) return this.#receive({ type: "session.ended", reason: "lost" });
      // Usually the token is still valid; browsers show a refusal only as a socket that closes.
      if ((first && left > FRESH_MS) || await this.#session.renew()) return this.#closed || this.connect();
      return this.#reconnect();
    });
  }

  #flush() {
    const transport = this.#channel?.readyState === "open" ? this.#channel
      : this.#socket?.readyState === WebSocket.OPEN ? this.#socket : null;
    while (transport && this.#outbox.length) transport.send(this.#outbox.shift());
  }

  #signal(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #closePeer() {
    ["connect", "disconnected", "socket", "ping"].forEach((name) => this.#cancel(name));
    const pc = this.#pc;
    this.#pc = this.#channel = this.#sender = null;
    pc?.close();
  }

  #later(name, milliseconds, work) {
    this.#cancel(name);
    this.#timers.set(name, setTimeout(() => { this.#timers.delete(name); work(); }, milliseconds));
  }

  #cancel(name) {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
