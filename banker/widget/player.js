// The banker's voice and face on the page, with a button where the browser refuses to play.

const STEP_MS = 500;
const MOST_MS = 4_000;  // of jitterBufferTarget

export class Player {
  #view; #over = false; #voice = null; #face = null; #delay = 0; #count = 0; #timer;

  constructor(view) {
    this.#view = view;
    this.#timer = setInterval(() => this.#keepInStep(), STEP_MS);
  }

  /** While we are inside a click: what plays now may go on playing later. */
  unlock() {
    this.#view.audio.srcObject = new MediaStream();
    this.#view.audio.play().catch(() => {});
  }

  /** Play what comes from the banker. */
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

  /** Inside a click, after the browser has refused. */
  listen() { this.#view.audio.play().then(() => this.#refused(false)).catch(() => {}); }

  /** The banker is neither heard nor seen any more. */
  stop() {
    this.#over = true;
    clearInterval(this.#timer);
    this.#refused(false);
    this.#view.audio.srcObject = this.#view.video.srcObject = null;
    this.#view.avatar(false);
  }

  /** Keep pictures as long as sound is kept for even playing: browsers let the mouth be ahead by some 50 ms. */
  async #keepInStep() {
    const face = this.#face;
    const all = await this.#voice?.getStats().catch(() => null);
    const voice = [...all?.values() ?? []].find(({ type }) => type === "inbound-rtp");
    if (!face || !(voice?.jitterBufferEmittedCount > this.#count)) return;
    const { jitterBufferDelay: delay, jitterBufferEmittedCount: count } = voice;
    face.jitterBufferTarget = Math.min(MOST_MS, 1000 * (delay - this.#delay) / (count - this.#count));
    this.#delay = delay;
    this.#count = count;
  }

  #refused(refused) { this.#view.listen.hidden = this.#over || !refused; }
}
