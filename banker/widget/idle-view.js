// Before a conversation: the banker's face, questions to tap, and the ways to begin.

import { h } from "./dom.js";
import { icon, MICROPHONE, TALK } from "./icons.js";

export class IdleView {
  #labels; #ask = () => {};

  constructor(labels) {
    this.#labels = labels;
    this.portrait = h("div", { class: "portrait", part: "portrait" }, icon(...TALK));
    this.start = labels.button("start", { class: "main", part: "button primary" });
    this.write = labels.button("writeInstead", { class: "plain", part: "button" });
    this.list = h("ul", { class: "examples", part: "examples" });
    this.examples = h("div", { class: "asking", hidden: true }, labels.text("p", "examples", { class: "small" }), this.list);
    this.element = h("div", { class: "view idle", part: "idle" }, this.portrait, labels.text("p", "intro"),
      this.examples, h("div", { class: "ways" }, this.start, this.write), h("slot", { name: "terms" }));
  }

  /** `ask(question)` is called when a question is tapped. */
  onAsk(ask) { this.#ask = ask; }

  /** Show the tenant's example questions. */
  offer(questions) {
    const button = (question) => {
      const element = h("button", { type: "button", dir: "auto", part: "button example" }, question);
      element.onclick = () => this.#ask(question);
      return h("li", {}, element);
    };
    this.list.replaceChildren(...questions.map(button));
    this.examples.hidden = questions.length === 0;
  }
}
