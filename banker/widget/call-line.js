// How a conversation is carried, by voice or in text, and what the user is told when that changes.

import { lastLine } from "./saved-session.js";

const LASTING = ["udp", "slow", "failed"];  // reasons for text that the next page will probably meet, too
const capital = (word) => word[0].toUpperCase() + word.slice(1);

export class CallLine {
  #view; #notices; #call; #name = null; #reopen = false;

  /** `call` has `words`, `settings`, `sessionId`, `microphone`, `send(track)`, `changed()`, `lost()` and `fire(name, detail)`. */
  constructor(view, notices, call) {
    this.#view = view;
    this.#notices = notices;
    this.#call = call;
  }

  /** voice, text, or null while the conversation is not carried. */
  get name() { return this.#name === "lost" ? null : this.#name; }

  /** The microphone to begin with. It is not opened before there is a voice, if the last call had none. */
  async microphone() {
    this.#reopen = lastLine.why !== null;
    return this.#reopen ? null : this.#call.microphone.open();
  }

  /** Open a microphone, or another one, during the call. */
  async chooseMicrophone(deviceId) {
    if (this.#name !== "text") await this.#call.microphone.choose(deviceId);
  }

  /** A "line" event of the client. */
  changed({ line, why }) {
    const { words } = this.#call;
    const before = this.#name;
    this.#name = line;
    if (line === "lost") {
      this.#call.lost();
      this.#view.state("connecting", words.connecting);
      if (before !== line) this.#call.fire("error", { kind: "lost", message: words.lost });
    } else {
      if (before !== line) this.#call.fire("connected", { session_id: this.#call.sessionId, line });
      this.#view.line(line);
    }
    if (line === "text") this.#goOnInText(why);
    if (line === "voice") this.#goOnByVoice(before);
    const texts = { lost: words.lost, text: words[`textOnly${capital(why ?? "slow")}`], voice: "" };
    this.#notices.tell("line", texts[line], { bad: line === "lost" });
    this.#call.changed();
  }

  /** Nobody would hear the microphone. It is opened again with the voice; one that is about to be heard stays open. */
  #goOnInText(why) {
    if (LASTING.includes(why)) lastLine.why = why;
    if (why === "slow") return;
    this.#reopen ||= this.#call.microphone.track !== null;
    this.#call.microphone.close();
    this.#call.send(null);
    this.#notices.tell("microphone", "");
  }

  #goOnByVoice(before) {
    lastLine.why = null;
    if (before === "text") this.#notices.tell("trouble", this.#call.words.voiceBack);
    if (this.#reopen && !this.#call.settings.muted) this.chooseMicrophone();
    this.#reopen = false;
  }
}
