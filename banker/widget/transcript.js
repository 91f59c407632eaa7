// The transcript: one line a turn, sorted by turn whatever order they arrive in.

import { h } from "./dom.js";
import { TranscriptLine } from "./transcript-line.js";

const AT_END_PX = 40;  // a reader this near the end follows what is added

export class Transcript {
  #list; #live; #newer; #follows = true; #turns = new Map(); #unsent = new Map();

  /**
   * `list` shows the history; `live` is the region in which screen readers announce each turn once; `newer` is the
   * button that is shown to those who read further up when something is added.
   */
  constructor(list, live, newer = h("button")) {
    this.#list = list;
    this.#live = live;
    this.#newer = newer;
    newer.onclick = () => { this.toEnd(); this.#log?.focus(); };
    this.#log?.addEventListener("scroll", () => {
      this.#follows = this.#isAtEnd;
      if (this.#follows) newer.hidden = true;
    });
    // A turned phone, or a question below the log, must not hide the end from who reads there.
    if (this.#log) new ResizeObserver(() => { if (this.#follows) this.toEnd(); }).observe(this.#log);
  }

  get empty() { return this.#turns.size === 0; }

  /** Show a turn. A late partial transcript does not replace a final one. */
  show({ turn, role, text, final, interrupted, message_id: id, links = [], speaker = "" }, texts, { announce = true } = {}) {
    const known = this.#turns.get(turn);
    if (known?.final && !final) return;
    this.#following(() => {
      const line = known?.line ?? this.#insert(this.#unsent.get(id) ?? new TranscriptLine(role, texts), turn);
      this.#unsent.delete(id);
      line.show({ text, final, interrupted, links, speaker });
      this.#turns.set(turn, { turn, role, text, final, interrupted, speaker, line });
    });
    if (announce && final && role === "banker") this.#live.textContent = text;
  }

  /** Show a message of the user before it is a turn: its `text`, its `status` in words, and how to try `again`. */
  unsent({ id, text, status, again }, texts) {
    if (!this.#unsent.has(id)) this.#unsent.set(id, new TranscriptLine("user", texts));
    const line = this.#unsent.get(id);
    line.showUnsent({ text, status, again });
    if (!line.element.isConnected) this.#list.append(line.element);
    if (again) this.#live.textContent = status;
    this.toEnd();
  }

  /** Scroll to the newest turn. */
  toEnd() {
    this.#follows = true;
    this.#newer.hidden = true;
    this.#log?.scrollTo(0, this.#log.scrollHeight);
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
    this.#unsent.clear();
    this.#newer.hidden = true;
    this.#list.replaceChildren();
    this.#live.textContent = "";
  }

  /** The transcript as plain text; `heading` says whose it is, and of when. */
  text(texts, heading) {
    const turns = [...this.#turns.values()].sort((one, other) => one.turn - other.turn);
    const name = { user: texts.you, banker: texts.banker };
    const lines = turns.map(({ role, speaker, text, interrupted }) => `${speaker || name[role]}: ${text}${interrupted ? " …" : ""}\n`);
    return [`${heading}\n`, ...lines].join("\n");
  }

  get #log() { return this.#list.parentElement; }
  get #isAtEnd() { return !this.#log || this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < AT_END_PX; }

  /** Add something. The log scrolls with it only for a reader who is at its end. */
  #following(add) {
    const follows = this.#isAtEnd;
    add();
    if (follows) this.toEnd();
    else this.#newer.hidden = false;
  }

  #insert(line, turn) {
    line.turn = turn;
    const next = [...this.#list.children].find((other) => Number(other.dataset.turn) > turn);
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
