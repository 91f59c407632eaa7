// What the banker is doing, in words and colour: listening, thinking, speaking, or the tool that runs.

import { fill } from "./texts.js";

export class Status {
  #view; #call; #tools = new Map(); #clock = 0;
  /** listening, thinking or speaking, as the service says. */
  state = "listening";

  /** `call` has `words`, `line`, `microphone`, `hold` and `secondsLeft()`, which is null before that is known. */
  constructor(view, call) {
    this.#view = view;
    this.#call = call;
  }

  called(callId, tool) { this.#tools.set(callId, tool); }
  finished(callId) { this.#tools.delete(callId); }

  /** A new connection tells again what runs. */
  reconnected() { this.#tools.clear(); }

  show() {
    const { words, line, microphone, hold } = this.#call;
    if (!line) return;
    const tool = [...this.#tools.values()].at(-1);
    const listens = this.state === "listening";
    let shown = words[this.state] ?? "";
    if (tool) shown = words[`tool:${tool}`] ?? fill(words.usingTool, { tool: tool.replaceAll("_", " ") });
    else if (listens && (line === "text" || !microphone.track)) shown = words.reading;
    else if (listens && microphone.muted && !hold) shown = words.listeningMuted;
    else if (listens && microphone.paused) shown = words.listeningPaused;
    const unheard = listens && line === "voice" && microphone.isDeaf;
    this.#view.state(tool ? "thinking" : unheard ? "muted" : this.state, shown);
  }

  /** Show from now on how long the conversation may still take. */
  start() { this.#clock = setInterval(() => this.#showTime(), 1_000); }
  stop() { clearInterval(this.#clock); }

  #showTime() {
    const { words } = this.#call;
    const left = this.#call.secondsLeft();
    if (left === null) return;
    const seconds = Math.max(0, Math.round(left));
    const shown = seconds > 90 ? fill(words.timeLeft, { minutes: Math.round(seconds / 60) }) : fill(words.secondsLeft, { seconds });
    if (this.#view.left.textContent !== shown) this.#view.left.textContent = shown;
  }
}
