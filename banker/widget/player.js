// Plays the banker's voice and face; shows a button where the browser refuses to play sound.

const STEP_MS = 500;
const MAX_TARGET_MS = 4_000;  // the largest jitterBufferTarget that browsers accept

export class Player {
  #view; #over = false; #voice = null; #face = null; #delay = 0; #count = 0; #timer;

  constructor(view) {
    this.#view = view;
    this.#timer = setInterval(() => this.#keepInStep(), STEP_MS);
  }

  /** Call inside a click: an element that plays now may play later without one. */
  unlock() {
    this.#view.audio.srcObject = new MediaStream();
    this.#view.audio.play().catch(() => {});
  }

  /** Play a remote track. */
  play({ track, receiver }) {
    const stream = new MediaStream([track]);
    if (track.kind === "video") {
      this.#face = receiver;
      this.#view.video.srcObject = stream;
      return;
    }
    this.#voice = receiver;
    this.#delay = this.#count = 0;
    this.#view.audio.srcObject = stream;
    this.#view.audio.play().then(() => this.#refused(false)).catch(({ name }) => this.#refused(name === "NotAllowedError"));
  }

  /** Call inside a click, after the browser has refused to play. */
  listen() { this.#view.audio.play().then(() => this.#refused(false)).catch(() => {}); }

  /** The elements were moved in the page, where browsers pause them. */
  resume() {
    for (const element of [this.#view.audio, this.#view.video]) if (element.srcObject) element.play().catch(() => {});
  }

  /** Stop playing sound and video. */
  stop() {
    this.#over = true;
    clearInterval(this.#timer);
    this.#refused(false);
    this.#view.audio.srcObject = this.#view.video.srcObject = null;
    this.#view.avatar(false);
  }

  /** Delay video as much as the jitter buffer delays audio: otherwise the mouth is ahead by about 50 ms. */
  async #keepInStep() {
    const face = this.#face;
    const all = await this.#voice?.getStats().catch(() => null);
    const voice = [...all?.values() ?? []].find(({ type }) => type === "inbound-rtp");
    if (!face || !(voice?.jitterBufferEmittedCount > this.#count)) return;
    const { jitterBufferDelay: delay, jitterBufferEmittedCount: count } = voice;
    face.jitterBufferTarget = Math.min(MAX_TARGET_MS, 1000 * (delay - this.#delay) / (count - this.#count));
    this.#delay = delay;
    this.#count = count;
  }

  #refused(refused) { this.#view.listen.hidden = this.#over || !refused; }
}
