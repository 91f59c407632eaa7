// The microphone: opened on request, released at once, with a name for everything that can go wrong.

const PROCESSING = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class MicrophoneFault extends Error {
  /** `kind`: refused, frame, insecure, missing, busy or unusable. */
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

export class Microphone {
  #stream = null; #muted; #generation = 0; #context = null; #analyser = null;

  /** `lost()` is called when the device disappears. */
  constructor(muted, lost) {
    this.#muted = muted;
    this.lost = lost;
  }

  get track() { return this.#stream?.getAudioTracks()[0] ?? null; }
  get deviceId() { return this.track?.getSettings().deviceId ?? ""; }
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
    if (generation !== this.#generation) {
      stop(stream);
      return null;
    }
    const measured = this.#context !== null;
    this.#release();
    this.#stream = stream;
    this.track.enabled = !this.#muted;
    this.track.onended = () => { this.close(); this.lost(); };
    if (measured) this.measure();
    return this.track;
  }

  close() {
    this.#generation++;
    this.#release();
  }

  /** Start measuring the `level`; nothing is computed before. */
  measure() {
    if (this.#context || !this.#stream) return;
    this.#context = new AudioContext();
    this.#analyser = new AnalyserNode(this.#context, { fftSize: 1024 });
    this.#context.createMediaStreamSource(this.#stream).connect(this.#analyser);
  }

  stopMeasuring() {
    this.#context?.close();
    this.#context = this.#analyser = null;
  }

  /** The current level, 0 to 1; 0 while muted. */
  get level() {
    if (!this.#analyser) return 0;
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return Math.min(1, Math.max(0, 1 + Math.log10(power + 1e-6) / 5));  // -50 dBFS maps to 0
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
  stream.getTracks().forEach((track) => { track.onended = null; track.stop(); });
}

async function kindOf(error) {
  switch (error.name) {
    case "NotAllowedError":
    case "SecurityError":
      return await deniedByPage() ? "frame" : "refused";
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

/** Browsers use one error for a user's refusal and for a frame without permission; tell them apart. */
async function deniedByPage() {
  const policy = document.permissionsPolicy ?? document.featurePolicy;
  if (policy?.allowsFeature) return !policy.allowsFeature("microphone");
  if (self === top) return false;
  const permission = await navigator.permissions?.query({ name: "microphone" }).catch(() => null);
  return permission?.state === "prompt";
}
