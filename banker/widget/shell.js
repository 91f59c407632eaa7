// Where the card stands: in the page, as a sheet over a phone's whole screen during a call, or behind a launcher bubble.

import { h } from "./dom.js";
import { CLOSE } from "./icons.js";

/** Screens on which a call covers the page. style-frame.js has the same condition. */
export const SMALL = "(max-width: 40rem), (max-height: 30rem)";

export class Shell {
  #host; #card; #small = matchMedia(SMALL); #aside = false;
  #focus = ({ target }) => this.#focused(target);
  #resize = () => this.#fit();

  /** `host` is the custom element, `card` what the shell shows. */
  constructor(host, card, labels) {
    this.#host = host;
    this.#card = card;
    this.portrait = h("span", { class: "portrait" });
    this.label = h("span", { class: "bubble-label", dir: "auto" });
    this.bubble = h("button", { type: "button", class: "bubble", part: "launcher", "aria-expanded": "false" }, this.portrait, this.label);
    this.minimise = labels.icon("minimise", CLOSE, { class: "bare minimise" });
    this.element = h("div", { class: "shell" }, card, this.bubble);
    this.bubble.onclick = () => { this.open(); this.onOpen(); };
    this.minimise.onclick = () => this.close();
  }

  /** Called when the user opens the card by its bubble. */
  onOpen = () => {};
  /** Called with whether the card is minimised, when that changes. */
  onChange = () => {};

  get minimised() { return this.element.hasAttribute("data-minimised"); }
  get #sheet() { return this.#small.matches && this.#card.dataset.view === "call"; }

  /** The element is in a page: begin as a bubble if it is a launcher. */
  connected() {
    if (this.#host.hasAttribute("launcher") && !this.#card.classList.contains("fixed")) this.#mark(true);
    document.addEventListener("focusin", this.#focus);
    globalThis.visualViewport?.addEventListener("resize", this.#resize);
    this.#fit();
  }

  disconnected() {
    document.removeEventListener("focusin", this.#focus);
    globalThis.visualViewport?.removeEventListener("resize", this.#resize);
  }

  open() {
    this.#mark(false);
    delete this.element.dataset.unread;
  }

  /** Shrink to the bubble, which gets the focus if the card had it. */
  close() {
    const inside = this.#card.contains(this.#host.shadowRoot.activeElement);
    this.#mark(true);
    if (inside) this.bubble.focus();
  }

  /** Leave a call that has ended, or make way again for one that the page had pushed aside. */
  comeBack() {
    if (this.#aside || !this.#host.hasAttribute("launcher")) this.open();
  }

  /** Close a launcher's card on Escape. Returns whether there was one. */
  escape() {
    if (this.minimised || !this.#host.hasAttribute("launcher")) return false;
    this.close();
    return true;
  }

  /** Name the bubble. */
  name(text) { if (this.label.textContent !== text) this.label.textContent = text; }

  /** Mark that something was said while the card is closed. */
  unread() { if (this.minimised) this.element.dataset.unread = ""; }

  #mark(minimised) {
    this.#aside = false;
    if (minimised !== this.minimised) this.onChange(minimised);
    this.element.toggleAttribute("data-minimised", minimised);
    this.bubble.setAttribute("aria-expanded", !minimised);
  }

  /** The page has taken the focus, for a code or by the Tab key: the sheet must not cover what it has focused. */
  #focused(target) {
    if (!this.#sheet || this.minimised || this.#host.contains(target)) return;
    this.#mark(true);
    this.#aside = true;
  }

  /** The on-screen keyboard of iOS covers the page instead of making it smaller. */
  #fit() {
    const viewport = globalThis.visualViewport;
    if (viewport) this.element.style.setProperty("--visible", `${viewport.height * viewport.scale}px`);
  }
}
