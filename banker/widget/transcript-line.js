// One line of the transcript: who speaks, the words, and the links below them.

import { h } from "./dom.js";
import { safeAddress } from "./links.js";
import { valuesIn } from "./values.js";

export class TranscriptLine {
  #role; #texts; #who; #words; #links = null;

  /** `role` is `user` or `banker`. */
  constructor(turn, role, texts) {
    this.turn = turn;
    this.#role = role;
    this.#texts = texts;
    this.#who = h("span", { class: "unseen" }, `${role === "user" ? texts.you : texts.banker}: `);
    this.#words = h("span", { dir: "auto" });
    this.element = h("li", { class: role, part: `line ${role}`, "data-turn": turn }, this.#who, this.#words);
  }

  /** `speaker` is the name of a colleague of the bank who speaks; empty for the user and the banker. */
  show({ text, final, interrupted = false, links = [], speaker = "" }) {
    this.element.classList.toggle("partial", !final);
    if (speaker) {
      this.#who.className = "who";
      this.#who.textContent = speaker;
    }
    const shown = interrupted ? `${text} …` : text;
    this.#words.replaceChildren(...(final && this.#role === "banker" ? valuesIn(shown, this.#texts) : [shown]));
    this.#showLinks(this.#role === "banker" ? links : []);
  }

  /** Links open in a new tab, so that the conversation goes on in this one. */
  #showLinks(links) {
    const known = links.map(({ text, url }) => [text, safeAddress(url)]).filter(([, address]) => address);
    const shown = known.map(([text, href]) => h("a", { href, target: "_blank", rel: "noopener", dir: "auto" }, String(text)));
    this.#links?.remove();
    this.#links = shown.length ? h("span", { class: "links" }, ...shown) : null;
    if (this.#links) this.element.append(this.#links);
  }
}
