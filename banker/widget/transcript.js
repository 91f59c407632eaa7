// The transcript: one line a turn, sorted by turn whatever order they arrive in.

import { h } from "./dom.js";
import { TranscriptLine } from "./transcript-line.js";

export class Transcript {
  #list; #live; #turns = new Map();

  /** `list` shows the history; `live` is the region in which screen readers announce each turn once. */
  constructor(list, live) {
    this.#list = list;
    this.#live = live;
  }

  get empty() { return this.#turns.size === 0; }

  /** Show a turn. A late partial transcript does not replace a final one. */
  show({ turn, role, text, final, interrupted, links = [], speaker = "" }, texts, { announce = true } = {}) {
    const known = this.#turns.get(turn);
    if (known?.final && !final) return;
    const line = known?.line ?? this.#insert(new TranscriptLine(turn, role, texts));
    line.show({ text, final, interrupted, links, speaker });
    this.#turns.set(turn, { turn, role, text, final, interrupted, speaker, line });
    this.#list.parentElement?.scrollTo(0, this.#list.scrollHeight);
    if (announce && final && role === "banker") this.#live.textContent = text;
  }

  /** Drop partial turns of an earlier connection. */
  dropPartial() {
    for (const { turn, final, line } of this.#turns.values()) {
      if (final) continue;
      line.element.remove();
      this.#turns.delete(turn);
    }
  }

  clear() {
    this.#turns.clear();
    this.#list.replaceChildren();
    this.#live.textContent = "";
  }

  /** The transcript as plain text. */
  text(texts) {
    const turns = [...this.#turns.values()].sort((one, other) => one.turn - other.turn);
    const name = { user: texts.you, banker: texts.banker };
    return turns.map(({ role, speaker, text, interrupted }) => `${speaker || name[role]}: ${text}${interrupted ? " …" : ""}\n`).join("\n");
  }

  #insert(line) {
    const next = [...this.#list.children].find((other) => Number(other.dataset.turn) > line.turn);
    this.#list.insertBefore(line.element, next ?? null);
    return line;
  }
}

/** Download a text file. */
export function save(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
