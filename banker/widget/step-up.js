// A call that the user has confirmed, and that waits until the bank has authenticated them. The page gets
// banker:step-up to begin that, and banker:step-up-over when the call runs or is dropped; the widget itself proves nothing.

const RESENT_MS = 3000;  // after a reconnect the request comes again within this time, if the call still waits

export class StepUp {
  #view; #host; #client; #callId = null; #check = 0;

  constructor(host, client) {
    this.#host = host;
    this.#view = host.view;
    this.#client = client;
  }

  asked({ call_id, tool, summary, hash }) {
    clearTimeout(this.#check);
    const isNew = call_id !== this.#callId;
    if (isNew) this.over(this.#callId);
    this.#callId = call_id;
    this.#view.askStepUp(summary);
    if (isNew) this.#host.fire("step-up", { session_id: this.#client.session.session_id, call_id, tool, summary, hash });
  }

  /** The connection is back: what waits is asked for again. */
  reconnected() {
    clearTimeout(this.#check);
    this.#check = setTimeout(() => this.over(this.#callId), RESENT_MS);
  }

  takeBack() {
    if (this.#callId !== null) this.#client.send({ type: "confirm", call_id: this.#callId, approved: false });
  }

  /** The call runs, or is dropped. */
  over(call_id) {
    if (this.#callId === null || call_id !== this.#callId) return;
    clearTimeout(this.#check);
    this.#callId = null;
    this.#view.hide(this.#view.stepUp);
    this.#view.shell.comeBack();
    this.#host.fire("step-up-over", { call_id });
  }

  stop() {
    clearTimeout(this.#check);
    this.over(this.#callId);
  }
}
