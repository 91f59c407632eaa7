// The banker's voice and face on the page, with a button where the browser refuses to play.

// How long a picture is kept, as long as a browser keeps sound for even playing: the mouth would be ahead of it.
const PICTURE_MS = 40;

export class Player {
  #view; #over = false;

  constructor(view) { this.#view = view; }

  /** While we are inside a click: what plays now may go on playing later. */
  unlock() {
    this.#view.audio.srcObject = new MediaStream();
    this.#view.audio.play().catch(() => {});
  }

  /** Play what comes from the banker. */
  play({ track, receiver }) {
    const stream = new MediaStream([track]);
    if (track.kind === "video") {
      receiver.jitterBufferTarget = PICTURE_MS;
      this.#view.video.srcObject = stream;
      return;
    }
    this.#view.audio.srcObject = stream;
    this.#view.audio.play().then(() => this.#refused(false)).catch(({ name }) => this.#refused(name === "NotAllowedError"));
  }

  /** Inside a click, after the browser has refused. */
  listen() { this.#view.audio.play().then(() => this.#refused(false)).catch(() => {}); }

  /** The banker is neither heard nor seen any more. */
  stop() {
    this.#over = true;
    this.#refused(false);
    this.#view.audio.srcObject = this.#view.video.srcObject = null;
    this.#view.avatar(false);
  }

  #refused(refused) { this.#view.listen.hidden = this.#over || !refused; }
}
