// The microphone: opened on request, released at once, with a name for everything that can go wrong.

const PROCESSING = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class MicrophoneFault extends Error {
  /** `kind`: refused, policy, frame, insecure, missing, busy or unusable. */
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

export class Microphone {
  #stream = null; #muted; #generation = 0; #context = null; #analyser = null; #on;

  /** `on`: lost(kind) when the device is "lost" or the permission "revoked"; paused(paused) when the system mutes it. */
  constructor(muted, on) {
    this.#muted = muted;
    this.#on = on;
  }

  get track() { return this.#stream?.getAudioTracks()[0] ?? null; }
  get deviceId() { return this.track?.getSettings().deviceId ?? ""; }
  /** Whether the system has muted it: a phone does so during a telephone call. */
  get paused() { return this.track?.muted ?? false; }
  get muted() { return this.#muted; }
  set muted(muted) {
    this.#muted = muted;
    if (this.track) this.track.enabled = !muted;
  }

  /** Open a device and replace the open one. Throws MicrophoneFault; returns null when closed meanwhile. */
  async open(deviceId) {
    if (!isSecureContext || !navigator.mediaDevices) throw new MicrophoneFault("insecure");
    const generation = ++this.#generation;
    let stream;
    try {
      const audio = deviceId ? { ...PROCESSING, deviceId: { exact: deviceId } } : PROCESSING;
      stream = await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
      throw new MicrophoneFault(await kindOf(error));
    }
    const allowed = await permission();
    if (generation !== this.#generation) {
      stop(stream);
      return null;
    }
    const measured = this.#context !== null;
    this.#release();
    this.#stream = stream;
    this.#watch(this.track, allowed);
    if (measured) this.measure();
    return this.track;
  }

  close() {
    this.#generation++;
    this.#release();
  }

  /** Start measuring the `level`; nothing is computed before. Firefox measures no device of another sample rate. */
  measure() {
    if (this.#context || !this.#stream) return;
    try {
      this.#context = new AudioContext();
      const analyser = new AnalyserNode(this.#context, { fftSize: 1024 });
      this.#context.createMediaStreamSource(this.#stream).connect(analyser);
      this.#analyser = analyser;
    } catch (error) {
      console.debug(`virtual-banker: the microphone's level is not measured: ${error}`);
    }
  }

  stopMeasuring() {
    this.#context?.close().catch(() => {});
    this.#context = this.#analyser = null;
  }

  /** The current level, 0 to 1; 0 while muted; null if it cannot be measured. */
  get level() {
    if (!this.#analyser || this.#context.state !== "running") return null;
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return Math.min(1, Math.max(0, 1 + Math.log10(power + 1e-6) / 5));  // -50 dBFS maps to 0
  }

  #watch(track, allowed) {
    track.enabled = !this.#muted;
    track.onended = async () => {
      this.close();
      const now = await permission();
      this.#on.lost(now === "denied" || now !== allowed ? "revoked" : "lost");
    };
    track.onmute = () => this.#on.paused(true);
    track.onunmute = () => this.#on.paused(false);
  }

  #release() {
    this.stopMeasuring();
    if (this.#stream) stop(this.#stream);
    this.#stream = null;
  }
}

/** The devices of `kind` (`audioinput` or `audiooutput`). Their names are known once a microphone is open. */
export async function devices(kind) {
  const all = await navigator.mediaDevices?.enumerateDevices().catch(() => []) ?? [];
  return all.filter((device) => device.kind === kind && device.deviceId);
}

function stop(stream) {
  stream.getTracks().forEach((track) => { track.onended = track.onmute = track.onunmute = null; track.stop(); });
}

async function kindOf(error) {
  switch (error.name) {
    case "NotAllowedError":
    case "SecurityError":
      return await deniedByPage() ?? "refused";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "unusable";
  }
}

/** Browsers use one error for a user's refusal and for a page or a frame that may not ask; tell them apart. */
async function deniedByPage() {
  const policy = document.permissionsPolicy ?? document.featurePolicy;
  const denied = policy?.allowsFeature ? !policy.allowsFeature("microphone") : self !== top && await permission() === "prompt";
  if (!denied) return null;
  return self === top ? "policy" : "frame";
}

/** The user's permission: granted, denied or prompt; undefined in browsers that do not tell. */
async function permission() {
  return (await navigator.permissions?.query({ name: "microphone" }).catch(() => null))?.state;
}
