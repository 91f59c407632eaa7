// The microphone of a call: opened, replaced, muted, and everything that goes wrong with it told to the user.

import { LevelRing } from "./level-ring.js";
import { Microphone } from "./microphone.js";
import { MicrophonePrompt } from "./microphone-prompt.js";

// Mistakes of the page: trying again does not help, and its developers are told.
const PAGE_MISTAKES = {
  policy: "the Permissions-Policy of this page has no microphone=(self)",
  frame: 'the frame around this page has no allow="microphone"',
  insecure: "browsers give the microphone to pages on https:// only",
};
const capital = (word) => word[0].toUpperCase() + word.slice(1);

export class CallMicrophone {
  #view; #notices; #call; #prompt; #ring; #unheard = false; #over = false;

  /**
   * `call` has `words`, `settings` (muted, hold, silent), `keep(settings)`, `choose(deviceId)`, `send(track)`, `changed()`
   * and `fire(name, detail)`.
   */
  constructor(view, notices, call) {
    this.#view = view;
    this.#notices = notices;
    this.#call = call;
    this.device = new Microphone(false, { lost: (kind) => this.#failed(kind), paused: () => this.#showPaused() });
    this.#ring = new LevelRing(view, this.device);
    this.#prompt = new MicrophonePrompt(this.device, notices, () => call.words);
  }

  get track() { return this.device.track; }
  get paused() { return this.device.paused; }
  /** Whether the user is not heard: muted, or without a microphone. */
  get muted() { return this.#call.settings.muted || this.#unheard; }
  /** Whether nothing is heard now, without a button that is held. */
  get isDeaf() { return (this.muted && !this.#call.settings.hold) || this.paused; }

  /** Open a device and return its track; null if that failed or the user writes instead. */
  async open(deviceId) {
    try {
      const track = await this.#prompt.open(deviceId, (late) => this.#hear(late));
      this.#unheard = !track;
      return track;
    } catch (fault) {
      if (!this.#over) this.#failed(fault.kind);
      return null;
    } finally {
      this.showMuting();
    }
  }

  /** Open a device, or another one, during the call. */
  async choose(deviceId) {
    const track = await this.open(deviceId);
    if (this.#over) return;
    if (track) await this.#hear(track);
    this.#call.changed();
  }

  /** Apply the settings. */
  showMuting() {
    if (this.#over) return;
    const { muted, hold, silent } = this.#call.settings;
    this.device.muted = hold || muted;
    this.#view.muting(this.muted, hold);
    this.#view.audio.muted = Boolean(silent);
  }

  setMuted(muted) {
    this.#call.keep({ muted, silent: false });
    this.#set(!muted);
  }

  setHold(hold) {
    this.#call.keep({ hold, muted: false, silent: false });
    this.#set(true);
  }

  /** Hold-to-talk was pressed or released. */
  held(down) {
    if (down && !this.track) return void this.#call.choose();
    this.device.muted = !down;
    this.#view.held(down);
  }

  close() { this.device.close(); }

  stop() {
    this.#over = true;
    this.#ring.stop();
    this.#prompt.stop();
    this.close();
  }

  #set(wanted) {
    this.showMuting();
    this.#call.changed();
    if (wanted && !this.track) this.#call.choose();
  }

  async #hear(track) {
    if (this.#over) return;
    this.#unheard = false;
    this.showMuting();
    if (this.paused) this.#showPaused();
    await this.#call.send(track);
    this.#call.changed();
  }

  #failed(kind) {
    const { words } = this.#call;
    const again = [words.tryMicrophone, () => this.#call.choose()];
    const mistake = PAGE_MISTAKES[kind];
    if (mistake) console.warn(`virtual-banker: ${mistake}`);
    const message = words[`mic${capital(kind)}`];
    this.#unheard = true;
    this.showMuting();
    this.#notices.tell("microphone", message, { bad: true, actions: [...(mistake ? [] : [again]), this.#prompt.writeInstead] });
    this.#call.fire("error", { kind: `microphone-${kind}`, message });
    this.#call.changed();
  }

  /** The system has muted the microphone, or no longer does. */
  #showPaused() {
    const { words } = this.#call;
    const actions = [[words.tryMicrophone, () => this.#call.choose()]];
    this.#notices.tell("microphone", this.paused ? words.micPaused : "", { actions });
    this.#call.changed();
  }
}
