// The transcript: one line a turn, sorted by turn whatever order they arrive in.

import { h } from "./dom.js";

/** The address of a link if it leads to an https: page or to the page's own origin, else null. */
function safeAddress(url) {
  const base = globalThis.location.href;
  if (typeof url !== "string" || !URL.canParse(url, base)) return null;
  const { protocol, origin, href } = new URL(url, base);
  return protocol === "https:" || (protocol === "http:" && origin === globalThis.location.origin) ? href : null;
}

export class Transcript {
  #list; #live; #turns = new Map();

  /** `list` shows the history; `live` is the region in which screen readers announce each turn once. */
  constructor(list, live) {
    this.#list = list;
    this.#live = live;
  }

  get empty() { return this.#turns.size === 0; }

  /** Show a turn. A late partial transcript does not replace a final one. */
  show({ turn, role, text, final, interrupted, links = [] }, texts, { announce = true } = {}) {
    const known = this.#turns.get(turn);
    if (known?.final && !final) return;
    const line = known?.line ?? this.#insert(turn, role, texts);
    line.classList.toggle("partial", !final);
    line.children[1].textContent = interrupted ? `${text} …` : text;
    this.#showLinks(line, role === "banker" ? links : []);
    this.#turns.set(turn, { turn, role, text, final, interrupted, line });
    this.#list.parentElement?.scrollTo(0, this.#list.scrollHeight);
    if (announce && final && role === "banker") this.#live.textContent = text;
  }

  /** Drop partial turns of an earlier connection. */
  dropPartial() {
    for (const { turn, final, line } of this.#turns.values()) {
      if (final) continue;
      line.remove();
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
    return turns.map(({ role, text, interrupted }) => `${name[role]}: ${text}${interrupted ? " …" : ""}\n`).join("\n");
  }

  /** Links open in a new tab, so that the conversation goes on in this one. */
  #showLinks(line, links) {
    const known = links.map(({ text, url }) => [text, safeAddress(url)]).filter(([, address]) => address);
    const shown = known.map(([text, href]) => h("a", { href, target: "_blank", rel: "noopener" }, String(text)));
    line.querySelector(".links")?.remove();
    if (shown.length) line.append(h("span", { class: "links" }, ...shown));
  }

  #insert(turn, role, texts) {
    const who = role === "user" ? texts.you : texts.banker;
    const line = h("li", { class: role, "data-turn": turn }, h("span", { class: "who" }, `${who}: `), h("span", {}, ""));
    const next = [...this.#list.children].find((other) => Number(other.dataset.turn) > turn);
    this.#list.insertBefore(line, next ?? null);
    return line;
  }
}

/** Download a text file. */
export function save(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
