// One attempt at a call by voice: a peer connection and its data channel `events`, from the offer to the end.
//
// It ends by itself once: `failed(why)` if it never connected, `lost()` if it did. `why` is "udp" when ICE found no way
// through the network, "failed" when anything else went wrong, or what `refuse` was given.

import { Timers } from "./timers.js";

const GIVE_UP_MS = 40_000;      // browsers say that ICE has failed after 15 to 30 s
const DISCONNECTED_MS = 4_000;  // ICE often recovers by itself
const PING_MS = 1_000;          // on the data channel: a lost worker is noticed before ICE notices it
const MISSED_PONGS = 3;

export class VoiceCall {
  #pc; #sender; #on; #channel = null; #timers = new Timers(); #connected = false; #over = false; #candidates = 0;
  #pings = 0; #pongs = 0;

  /** `on`: signal(message), connected(), opened(), failed(why), lost(), event(event), track({track, receiver}). */
  constructor(iceServers, withVideo, track, on) {
    this.#on = on;
    const pc = this.#pc = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    // sendrecv even without a microphone: adding one later needs no new offer.
    this.#sender = pc.addTransceiver(track ?? "audio", { direction: "sendrecv" }).sender;
    if (withVideo) pc.addTransceiver("video", { direction: "recvonly" });
    pc.ontrack = ({ track, receiver }) => this.#unlessOver(() => on.track({ track, receiver }));
    pc.onicecandidate = ({ candidate }) => this.#unlessOver(() => this.#onCandidate(candidate));
    pc.onconnectionstatechange = () => this.#unlessOver(() => this.#onState(pc.connectionState));
    const channel = pc.createDataChannel("events", { ordered: true });
    channel.onopen = () => this.#unlessOver(() => { this.#channel = channel; on.opened(); this.#ping(); });
    channel.onmessage = ({ data }) => this.#unlessOver(() => this.#receive(JSON.parse(data)));
    channel.onclose = () => this.#unlessOver(() => this.#end());
    this.#timers.set("give up", GIVE_UP_MS, () => this.#end());
  }

  /** The data channel once it is open, else null. */
  get channel() { return this.#channel?.readyState === "open" ? this.#channel : null; }

  async offer() {
    await this.#pc.setLocalDescription(await this.#pc.createOffer());
    this.#unlessOver(() => this.#on.signal({ type: "offer", sdp: this.#pc.localDescription.sdp }));
  }

  /** The service's answer. A browser that cannot read it has no call. */
  answered(answer) {
    this.#pc.setRemoteDescription(answer).catch(() => this.#unlessOver(() => this.#end()));
  }

  /** The service has refused the offer. Returns whether one was open. */
  refuse(why) {
    const isAnswered = this.#pc.signalingState === "stable" && this.#pc.remoteDescription !== null;
    if (this.#over || isAnswered) return false;
    this.#end(why);
    return true;
  }

  /** Replace the microphone, or remove it, within the call. */
  setMicrophone(track) { return this.#sender.replaceTrack(track); }

  close() {
    this.#over = true;
    this.#timers.clear();
    this.#pc.close();
  }

  #unlessOver(work) { if (!this.#over) work(); }

  #end(why = "failed") {
    this.close();
    if (this.#connected) this.#on.lost();
    else this.#on.failed(why);
  }

  #onCandidate(candidate) {
    if (candidate?.candidate) this.#candidates++;
    this.#on.signal({ type: "candidate", candidate: candidate?.toJSON() ?? null });
    if (!candidate && !this.#candidates) this.#end("udp");  // not one address to be reached at
  }

  #onState(state) {
    this.#timers.cancel("disconnected");
    if (state === "connected") {
      this.#timers.cancel("give up");
      this.#connected = true;
      this.#on.connected();
    } else if (state === "disconnected") {
      this.#timers.set("disconnected", DISCONNECTED_MS, () => this.#end());
    } else if (state === "failed" || state === "closed") {
      this.#end(this.#pc.iceConnectionState === "failed" ? "udp" : "failed");
    }
  }

  #receive(event) {
    if (event.type === "pong") this.#pongs = event.n;
    else this.#on.event(event);
  }

  /** Ask whether the worker is alive. A service that has never answered knows no pings, and is not doubted. */
  #ping() {
    if (!this.channel) return;
    if (this.#pongs && this.#pings - this.#pongs >= MISSED_PONGS) return this.#end();
    this.#channel.send(JSON.stringify({ type: "ping", n: ++this.#pings }));
    this.#timers.set("ping", PING_MS, () => this.#ping());
  }
}
