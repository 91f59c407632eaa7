// One line of the transcript: who speaks, the words, and the links below them.

import { h } from "./dom.js";
import { safeAddress } from "./links.js";
import { valuesIn } from "./values.js";

export class TranscriptLine {
  #role; #texts; #who; #words; #status = null; #links = null;

  /** `role` is `user` or `banker`. */
  constructor(role, texts) {
    this.#role = role;
    this.#texts = texts;
    this.#who = h("span", { class: "unseen" }, `${role === "user" ? texts.you : texts.banker}: `);
    this.#words = h("span", { dir: "auto" });
    this.element = h("li", { class: role, part: `line ${role}` }, this.#who, this.#words);
  }

  get turn() { return Number(this.element.dataset.turn); }
  set turn(turn) { this.element.dataset.turn = turn; }

  /** Show a message of the user that is no turn yet, with its `status` in words and, if it failed, a button to try `again`. */
  showUnsent({ text, status, again = null }) {
    this.#words.textContent = text;
    this.#status?.remove();
    this.#status = h("span", { class: "sending" }, status);
    if (again) {
      const button = h("button", { type: "button" }, this.#texts.tryAgain);
      button.onclick = again;
      this.#status.append(" ", button);
    }
    this.element.append(this.#status);
  }

  /** `speaker` is the name of a colleague of the bank who speaks; empty for the user and the banker. */
  show({ text, final, interrupted = false, links = [], speaker = "" }) {
    this.#status?.remove();
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
