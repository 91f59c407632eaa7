// The settings panel: microphone, speaker, hold-to-talk. level-ring.js moves its level meter.

import { devices } from "./microphone.js";

export class Settings {
  #view; #talk; #relist = () => this.#list();

  /** `talk()` returns the current conversation, or null. */
  constructor(view, talk) {
    this.#view = view;
    this.#talk = talk;
    view.gear.onclick = () => (view.settings.hidden ? this.open() : this.close());
    view.microphones.onchange = () => this.#change(view.microphones.value);
    view.speakers.onchange = () => view.audio.setSinkId(view.speakers.value).catch(() => this.#list());
    view.holdMode.onchange = () => talk()?.setHold(view.holdMode.checked);
    view.withdraw.onclick = () => talk()?.withdraw();
    view.showFace.checked = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  async open() {
    const talk = this.#talk();
    if (!talk) return;
    this.#view.openSettings(true);
    this.#view.holdMode.checked = talk.hold;
    navigator.mediaDevices?.addEventListener("devicechange", this.#relist);
    await this.#list();
  }

  /** Close the panel and its listener; harmless when it is closed. */
  close() {
    navigator.mediaDevices?.removeEventListener("devicechange", this.#relist);
    this.#view.openSettings(false);
  }

  /** Close the panel on Escape. Returns whether it was open. */
  escape() {
    if (this.#view.settings.hidden) return false;
    this.close();
    this.#view.gear.focus();
    return true;
  }

  async #change(deviceId) {
    await this.#talk()?.chooseMicrophone(deviceId);
    await this.#list();
  }

  async #list() {
    const [microphones, speakers] = await Promise.all([devices("audioinput"), devices("audiooutput")]);
    const { audio } = this.#view;
    this.#view.choices(this.#view.microphones, microphones, this.#talk()?.microphone.deviceId);
    this.#view.choices(this.#view.speakers, audio.setSinkId ? speakers : [], audio.sinkId || "default");
  }
}
