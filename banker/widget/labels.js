// Elements whose text, name or placeholder is one of the widget's texts: a change of language reaches all of them.

import { h } from "./dom.js";
import { icon } from "./icons.js";

export class Labels {
  #bound = [];

  /** Bind the content of `element`, or one of its attributes, to the text `key`. */
  bind(element, key, attribute = null) {
    this.#bound.push([element, key, attribute]);
    return element;
  }

  /** An element with the text `key`. */
  text(name, key, attributes = {}) { return this.bind(h(name, attributes), key); }

  /** A button with the text `key`, and the icon `drawing` before it if there is one. */
  button(key, attributes = {}, drawing = null) {
    const button = h("button", { type: "button", ...attributes });
    if (!drawing) return this.bind(button, key);
    button.append(icon(...drawing), this.text("span", key));
    return button;
  }

  /** A button with an icon, which is named by the text `key`. */
  icon(key, drawing, attributes = {}) {
    const button = h("button", { type: "button", class: "bare", ...attributes }, icon(...drawing));
    this.bind(button, key, "title");
    return this.bind(button, key, "aria-label");
  }

  /** Show `texts` in every bound element. */
  show(texts) {
    for (const [element, key, attribute] of this.#bound) {
      if (attribute) element.setAttribute(attribute, texts[key]);
      else element.textContent = texts[key];
    }
  }
}
