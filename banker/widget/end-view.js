// After a conversation: how long it took, what was done, whether it helped, and the way to another one.

import { h } from "./dom.js";
import { DOWN, THUMB } from "./icons.js";
import { fill } from "./texts.js";
import { safeAddress } from "./links.js";

export class EndView {
  #rate = () => {};

  constructor(labels) {
    this.length = h("p", { class: "small" });
    this.list = h("ul", { class: "done" });
    this.done = h("div", { hidden: true }, labels.text("h3", "done"), this.list);
    this.up = labels.icon("rateUp", THUMB, { part: "button", "aria-pressed": "false" });
    this.down = labels.icon("rateDown", THUMB, { class: "bare down", part: "button", "aria-pressed": "false" });
    this.thanks = labels.text("span", "rated", { class: "small", hidden: true });
    this.rating = h("div", { class: "row rating", role: "group" }, labels.text("span", "rate", { class: "asked" }), this.up, this.down, this.thanks);
    labels.bind(this.rating, "rate", "aria-label");
    this.summary = h("div", { class: "end-summary", part: "summary", hidden: true }, this.length, this.done, this.rating);
    this.again = labels.button("startAgain", { class: "main", part: "button primary" });
    this.saveAfter = labels.button("save", { part: "button" }, DOWN);
    this.over = h("div", { class: "dock over", hidden: true }, h("div", { class: "row" }, this.again, this.saveAfter));
    this.up.onclick = () => this.#rated("up");
    this.down.onclick = () => this.#rated("down");
  }

  /** `rate("up" | "down")` is called when a thumb is tapped. */
  onRate(rate) { this.#rate = rate; }

  /** Show a summary: its `seconds`, and what was `done`, `{title, url}` each. A talk that never began has none. */
  summarise({ seconds, done }, texts) {
    this.length.textContent = fill(texts.length, { time: timeOf(seconds, texts) });
    this.list.replaceChildren(...done.map(({ title, url }) => {
      const href = safeAddress(url);
      return h("li", {}, h(href ? "a" : "span", { href, dir: "auto" }, title));
    }));
    this.done.hidden = done.length === 0;
    this.thanks.hidden = true;
    for (const thumb of [this.up, this.down]) thumb.setAttribute("aria-pressed", "false");
  }

  #rated(rating) {
    this.up.setAttribute("aria-pressed", rating === "up");
    this.down.setAttribute("aria-pressed", rating === "down");
    this.thanks.hidden = false;
    this.#rate(rating);
  }
}

function timeOf(seconds, texts) {
  const minutes = Math.floor(seconds / 60);
  const rest = fill(texts.seconds, { seconds: Math.floor(seconds % 60) });
  return minutes ? `${fill(texts.minutes, { minutes })} ${rest}` : rest;
}
