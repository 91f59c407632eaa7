// Opens the microphone and explains the browser's permission prompt. The user may write instead of answering it.

const PROMPT_MS = 600;  // a browser that has not answered by then is showing its permission prompt

export class MicrophonePrompt {
  #microphone; #notices; #words; #timer = 0; #skip = () => {};

  /** `words()` returns the current texts. */
  constructor(microphone, notices, words) {
    this.#microphone = microphone;
    this.#notices = notices;
    this.#words = words;
  }

  /** The track, or null if the user writes instead; `late(track)` follows if they allow it after all. Throws MicrophoneFault. */
  async open(deviceId, late) {
    const words = this.#words();
    const skipped = new Promise((done) => { this.#skip = () => done(null); });
    this.stop();
    this.#timer = setTimeout(() => this.#notices.tell("microphone", words.micAsking, { actions: [this.writeInstead] }), PROMPT_MS);
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

  /** The action "Write instead" of every microphone notice. */
  get writeInstead() {
    return [this.#words().writeInstead, () => { this.#notices.tell("microphone", ""); this.#skip(); }];
  }

  /** Cancel the pending explanation. */
  stop() { clearTimeout(this.#timer); }
}
