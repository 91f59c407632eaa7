// What the card shows before and after a conversation: connecting, the consent question, the end, or why there is none.

import { StartLimit } from "./start-limit.js";

const capital = (word) => word[0].toUpperCase() + word.slice(1);

export class Screens {
  #view; #root; #call; #limit;

  /** `call` has `words` and `fire(name, detail)`; `root` is the shadow root. */
  constructor(view, root, call) {
    this.#view = view;
    this.#root = root;
    this.#call = call;
    this.#limit = new StartLimit(view, () => call.words, () => this.busy(false));
  }

  /** Whether the user has to wait before another conversation. */
  get limited() { return this.#limit.active; }
  get hasFocus() { return this.#root.activeElement !== null; }

  idle() {
    this.busy(false);
    this.#view.show("idle");
    this.#view.tell("");
  }

  /** Say that it connects; `cancel()` stops that. */
  connecting(cancel) {
    const { words } = this.#call;
    this.#view.tell(words.connecting, { actions: [[words.cancel, cancel]] });
  }

  consent(text) {
    this.#view.consentText.textContent = text;
    const hadFocus = this.hasFocus;
    this.#view.tell("");
    this.#view.show("consent");
    if (hadFocus) this.#view.consent.focus();
  }

  /** Show a conversation that goes on from an earlier page. */
  resumed({ minimised }) {
    this.#view.show("call");
    this.#view.tell("");
    if (minimised) this.#view.shell.close();
    else this.#view.shell.open();
  }

  /** Say that a conversation is over; `empty` if nothing was said. */
  over(reason, empty) {
    const { words } = this.#call;
    const hadFocus = this.hasFocus;
    this.busy(false);
    this.#view.saveAfter.hidden = empty;
    this.#view.show("over");
    this.#view.tell(words[`ended${capital(reason)}`] ?? words.endedEnded);
    this.#view.log.scrollTo(0, this.#view.log.scrollHeight);
    if (hadFocus) this.#view.again.focus();
  }

  /** Say why there is no conversation: `refusal` is away, signed-out, or limited for `seconds`. */
  refused(refusal, seconds) {
    const { words } = this.#call;
    const limited = refusal === "limited";
    const message = limited ? this.#limit.begin(seconds) : refusal === "away" ? words.away : words.signedOut;
    this.#view.show("idle");
    this.#view.tell(message, { bad: true });
    this.busy(limited);
    this.focusStart();
    this.#call.fire("error", { kind: refusal, message });
  }

  /** Put the focus on the button that begins, unless it is elsewhere in the page. */
  focusStart() { if (this.hasFocus || document.activeElement === document.body) this.#view.start.focus(); }

  /** `aria-disabled` instead of `disabled`: a disabled button loses the keyboard focus. */
  busy(busy) { this.#view.start.setAttribute("aria-disabled", busy); }

  stop() { this.#limit.stop(); }
}
