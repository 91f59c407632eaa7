// Asks for the microphone, and tells meanwhile what the browser waits for. Who rather writes need not answer it.

const ASKING_MS = 600;  // a browser that has not answered by then is asking the person

export class Asking {
  #microphone; #notices; #words; #timer = 0; #skip = () => {};

  /** `words` gives the texts as they are now. */
  constructor(microphone, notices, words) {
    this.#microphone = microphone;
    this.#notices = notices;
    this.#words = words;
  }

  /** The track; null for one who writes: `late(track)` is called if that one allows it after all. Raises MicrophoneFault. */
  async open(deviceId, late) {
    const words = this.#words();
    const skipped = new Promise((done) => { this.#skip = () => done(null); });
    this.stop();
    this.#timer = setTimeout(() => this.#notices.tell("microphone", words.micAsking, { actions: [this.writeInstead] }), ASKING_MS);
    const opened = this.#microphone.open(deviceId);
    try {
      const track = await Promise.race([opened, skipped]);
      this.#notices.tell("microphone", "");
      if (!track) opened.then((allowed) => allowed && late(allowed)).catch(() => {});
      return track;
    } finally {
      this.stop();
    }
  }

  /** What one can do in any trouble with a microphone, as an action of a notice. */
  get writeInstead() {
    return [this.#words().writeInstead, () => { this.#notices.tell("microphone", ""); this.#skip(); }];
  }

  /** Tell nothing any more. */
  stop() { clearTimeout(this.#timer); }
}
