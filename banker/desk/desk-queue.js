// The list of customers: those who wait first, with a sound and the page's title for a new one.

import { h } from "../widget/dom.js";

const TITLE = "Desk";

export class Queue {
  #root; #announce; #take; #known = new Set(); #sound = null; #shown = "";

  constructor(root, announce, take) {
    this.#root = root;
    this.#announce = announce;
    this.#take = take;
  }

  /** Call inside a click: browsers play no sound before one. */
  unlockSound() { this.#sound ??= new AudioContext(); }

  /** Show the talks; with `busy` none can be taken. */
  show(talks, { busy }) {
    const waiting = talks.filter(({ state }) => state === "waiting");
    const others = talks.filter(({ state }) => state !== "waiting");
    document.title = waiting.length ? `(${waiting.length}) ${TITLE}` : TITLE;
    const fresh = waiting.filter(({ session_id }) => !this.#known.has(session_id));
    this.#known = new Set(waiting.map(({ session_id }) => session_id));
    if (fresh.length) {
      this.#ring();
      this.#announce(`${fresh.length === 1 ? "A customer waits" : `${fresh.length} customers wait`}: ${fresh.map(why).join(", ")}`);
    }
    const minutes = Math.floor(Date.now() / 60_000);
    const now = JSON.stringify([talks, busy, minutes]);
    if (now === this.#shown) return;
    this.#shown = now;
    const focused = document.activeElement?.dataset?.session;
    this.#root.replaceChildren(
      h("h2", {}, `Waiting (${waiting.length})`), this.#list(waiting, busy, "Nobody waits."),
      h("h2", {}, `Talking (${others.length})`), this.#list(others, busy, "Nobody talks."));
    if (focused) this.#root.querySelector(`[data-session="${CSS.escape(focused)}"]`)?.focus();
  }

  #list(talks, busy, none) {
    if (!talks.length) return h("p", {}, none);
    return h("ul", {}, ...talks.map((talk) => this.#item(talk, busy)));
  }

  #item(talk, busy) {
    const { session_id, state, urgency, language, since, colleague, is_mine } = talk;
    const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(since)) / 60_000));
    const with_whom = state === "waiting" ? "" : colleague ? `with ${is_mine ? "you" : colleague}, ` : "with the banker, ";
    const item = h("li", { class: `${urgency === "urgent" ? "urgent" : ""} ${is_mine ? "mine" : ""}` },
      h("strong", {}, why(talk)), h("span", {}, `${with_whom}${minutes ? `for ${minutes} min` : "just now"}, ${language}`));
    if (!is_mine && (state === "waiting" || state === "talking")) {
      const button = h("button", { type: "button", class: state === "waiting" ? "main" : "", "data-session": session_id, disabled: busy,
        "aria-label": `Take: ${why(talk)}` }, "Take");
      button.onclick = () => this.#take(session_id);
      item.append(button);
    }
    return item;
  }

  #ring() {
    const context = this.#sound;
    if (!context) return;
    const tone = new OscillatorNode(context, { frequency: 660 });
    const soft = new GainNode(context, { gain: 0.15 });
    soft.gain.setTargetAtTime(0, context.currentTime + 0.15, 0.08);
    tone.connect(soft).connect(context.destination);
    tone.start();
    tone.stop(context.currentTime + 0.6);
  }
}

function why({ state, reason, urgency }) {
  if (state === "talking") return "Talk with the banker";
  const words = reason ? reason[0].toUpperCase() + reason.slice(1) : "Taken from the banker";
  return urgency === "urgent" ? `Urgent: ${words}` : words;
}
