// The banker's open question about something that it may do, and how it was answered.

export class Question {
  #view; #fire; #open = null; #answered = null;

  /** `fire(name, detail)` reports to the page. */
  constructor(view, fire) {
    this.#view = view;
    this.#fire = fire;
  }

  /** The `call_id` of the question that is shown, or null. */
  get open() { return this.#open; }

  /** A `confirm.request` event: a new question, or one that is asked again. */
  asked(event) {
    const before = this.#open ?? this.#answered;
    if (before !== event.call_id) {
      this.#over(null);
      this.#fire("confirm", event);
    }
    this.#open = event.call_id;
    this.#answered = null;
    this.#view.ask(event);
  }

  /** The user has answered by button. */
  answered(approved) {
    this.hide();
    this.#over(approved);
  }

  /** The user has said something: the card goes, and what follows shows what it meant. */
  hide() {
    this.#answered = this.#open ?? this.#answered;
    this.#open = null;
    this.#view.hide(this.#view.question);
  }

  /** The call runs: the user said yes. */
  called(callId) { if (callId === (this.#open ?? this.#answered)) this.#over(true); }

  /** The banker has answered, and has not asked again: the user did not mean a yes. */
  replied() { if (this.#open === null) this.#over(null); }

  #over(approved) {
    const callId = this.#open ?? this.#answered;
    this.#open = this.#answered = null;
    if (callId !== null) this.#fire("confirm-over", { call_id: callId, approved });
  }
}
