// The colleague's voice in a talk: a microphone to the customer and the customer's to the loudspeaker. The offer has all
// its candidates, so that one request to any worker is enough; pings on a data channel notice a lost worker.

const GATHER_MS = 2_000;
const PING_MS = 1_000;
const MISSED_PONGS = 3;
const RETRY_MS = [300, 700, 1_500, 3_000];
const PROCESSING = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class Voice {
  #offer; #told; #pc = null; #stream = null; #audio = new Audio(); #over = false; #attempts = 0; #timer = 0; #muted = false;

  /** `offer(sdp)` returns the answer's SDP; `told(state)` gets connecting, on, lost or refused (no microphone). */
  constructor(offer, told) {
    this.#offer = offer;
    this.#told = told;
  }

  get muted() { return this.#muted; }
  set muted(muted) {
    this.#muted = muted;
    this.#stream?.getAudioTracks().forEach((track) => { track.enabled = !muted; });
  }

  /** Open the microphone and connect. Call it inside a click. `iceServers()` returns the newest ones. */
  async start(iceServers) {
    this.#audio.play().catch(() => {});
    this.#told("connecting");
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ audio: PROCESSING });
    } catch {
      return this.#told("refused");
    }
    if (this.#over) return this.stop();
    this.iceServers = iceServers;
    this.muted = this.#muted;
    await this.#connect();
  }

  stop() {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#close();
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#audio.srcObject = null;
  }

  async #connect() {
    this.#close();
    const pc = new RTCPeerConnection({ iceServers: this.iceServers(), bundlePolicy: "max-bundle" });
    this.#pc = pc;
    const [track] = this.#stream.getAudioTracks();
    pc.addTransceiver(track, { direction: "sendrecv" });
    pc.ontrack = ({ track }) => {
      this.#audio.srcObject = new MediaStream([track]);
      this.#audio.play().catch(() => {});
    };
    pc.onconnectionstatechange = () => {
      if (pc !== this.#pc) return;
      if (pc.connectionState === "connected") { this.#attempts = 0; this.#told("on"); }
      if (["failed", "closed"].includes(pc.connectionState)) this.#again();
    };
    this.#watch(pc, pc.createDataChannel("events", { ordered: true }));
    try {
      await pc.setLocalDescription(await pc.createOffer());
      await gathered(pc);
      const sdp = await this.#offer(pc.localDescription.sdp);
      if (pc === this.#pc) await pc.setRemoteDescription({ type: "answer", sdp });
    } catch {
      if (pc === this.#pc) this.#again();
    }
  }

  #watch(pc, channel) {
    let sent = 0, answered = 0;
    channel.onmessage = ({ data }) => { answered = JSON.parse(data).n ?? answered; };
    const ping = () => {
      if (pc !== this.#pc || channel.readyState !== "open") return;
      if (sent - answered >= MISSED_PONGS) return this.#again();
      channel.send(JSON.stringify({ type: "ping", n: ++sent }));
      setTimeout(ping, PING_MS);
    };
    channel.onopen = ping;
    channel.onclose = () => { if (pc === this.#pc) this.#again(); };
  }

  #again() {
    if (this.#over) return;
    this.#close();
    this.#told("lost");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), RETRY_MS[Math.min(this.#attempts++, RETRY_MS.length - 1)]);
  }

  #close() {
    const pc = this.#pc;
    this.#pc = null;
    pc?.close();
  }
}

function gathered(pc) {
  if (pc.iceGatheringState === "complete") return null;
  return Promise.race([
    new Promise((resolve) => { pc.onicegatheringstatechange = () => { if (pc.iceGatheringState === "complete") resolve(); }; }),
    new Promise((resolve) => { setTimeout(resolve, GATHER_MS); }),
  ]);
}
