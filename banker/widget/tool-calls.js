// What the banker does for the user in a conversation: questions before it, the bank's step-up, and what was done.

import { CallRecord } from "./call-record.js";
import { Question } from "./question.js";
import { StepUp } from "./step-up.js";

export class ToolCalls {
  #client; #status; #call; #question; #record;

  /** `call` has `settings` with the `record` before a reload, `keep(settings)`, `changed()` and `fire(name, detail)`. */
  constructor(host, client, status, call) {
    this.#client = client;
    this.#status = status;
    this.#call = call;
    this.#question = new Question(host.view, call.fire);
    this.#record = new CallRecord(call.settings.record);
    this.stepUp = new StepUp(host, client);
    this.#keepRecord();
  }

  /** How long the conversation has been going on, and what was done. */
  get summary() { return this.#record.summary; }

  called({ call_id, tool }) {
    this.#status.called(call_id, tool);
    this.#question.called(call_id);
    this.stepUp.over(call_id);
    this.#call.changed();
    this.#call.fire("tool-called", { call_id, tool });
  }

  finished({ call_id, tool, ok, url }) {
    this.#status.finished(call_id);
    this.stepUp.over(call_id);
    this.#record.finished({ call_id, ok, url });
    this.#keepRecord();
    this.#call.changed();
    this.#call.fire("tool-finished", { call_id, tool, ok, ...(url && { url }) });
  }

  /** The banker asks before it does something. */
  asked({ type, ...question }) {
    this.#record.asked(question);
    this.#question.asked(question);
  }

  /** The user answers the question by button. */
  answer(approved) {
    if (this.#question.open === null) return;
    this.#client.send({ type: "confirm", call_id: this.#question.open, approved });
    this.#question.answered(approved);
  }

  /** A turn is complete: the user's words answer the question or drop it, and the banker's show which. */
  turn(role) {
    if (role === "user") this.#question.hide();
    else this.#question.replied();
  }

  /** The connection is back: what is still open is asked for again. */
  reconnected() {
    this.#question.hide();
    this.#status.reconnected();
    this.stepUp.reconnected();
  }

  stop() {
    this.stepUp.stop();
    this.#question.hide();
    this.#question.replied();
  }

  #keepRecord() { this.#call.keep({ record: this.#record.kept }); }
}
