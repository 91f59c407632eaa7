// What the banker asks before it changes something: a title, the values, and a button named by the action.

import { h } from "./dom.js";
import { fill } from "./texts.js";

export class QuestionCard {
  #texts = {};

  constructor(labels) {
    this.title = h("h3", { id: "asked", dir: "auto" });
    this.summary = h("p", { id: "asked-what", dir: "auto" });
    this.fields = h("dl", { class: "fields", tabindex: "0", "aria-labelledby": "asked" });
    this.yes = h("button", { type: "button", class: "main", part: "button primary", dir: "auto" });
    this.no = labels.button("no", { part: "button" });
    this.question = h("div", { class: "question", part: "question", role: "group", "aria-labelledby": "asked", hidden: true },
      this.title, this.summary, this.fields, h("div", { class: "row" }, this.yes, this.no));
  }

  texts(texts) { this.#texts = texts; }

  /** Show a `confirm.request` event, and return its question in one sentence for screen readers. */
  ask({ summary, title, fields = [] }) {
    const sentence = fill(this.#texts.question, { summary });
    this.title.textContent = title ? fill(this.#texts.questionTitle, { title }) : sentence;
    this.summary.hidden = !title || fields.length > 0;
    this.summary.textContent = this.summary.hidden ? "" : sentence;
    this.fields.replaceChildren(...fields.map(({ label, value }) => h("div", {}, h("dt", { dir: "auto" }, label), h("dd", { dir: "auto" }, value))));
    this.fields.hidden = fields.length === 0;
    this.yes.textContent = title ?? this.#texts.yes;
    this.question.hidden = false;
    return sentence;
  }
}
