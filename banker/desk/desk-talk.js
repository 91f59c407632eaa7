// The talk that the colleague has: its summary, what is said, and what the colleague does in it.

import { h } from "../widget/dom.js";
import { ToolForm } from "./desk-tools.js";
import { Voice } from "./desk-voice.js";
import { summaryRows } from "./desk-summary.js";

const VOICE = { connecting: ", the voice is being connected", on: " by voice", lost: ". The voice was lost and is connected again" };
const OUTCOMES = ["", "Solved", "Call back", "Passed on", "Not solved"];

export class Talk {
  #root; #client; #with; #asking = false; #finishing = false; #over = false; #numbers = new Set(); #state = ""; #held = false; #isCustomerThere = true; #proposal = ""; #voice = null; #line = ""; #servers = [];

  /** `context` has tools, colleague, notice(text), announce(text) and closed(). `byVoice`: open the microphone at once. */
  constructor(root, client, id, context, { byVoice = false } = {}) {
    this.#root = root;
    this.#client = client;
    this.#with = context;
    this.id = id;
    this.byVoice = byVoice;
    this.#build();
    this.poll();
  }

  stop() {
    this.#over = true;
    this.#voice?.stop();
    this.#root.replaceChildren();
  }

  /** Ask how the talk stands. Call it every second: it also says that the colleague is there. */
  async poll() {
    if (this.#over || this.#asking || this.#finishing) return;
    this.#asking = true;
    try {
      const found = await this.#client.get(`v1/desk/talks/${this.id}`);
      if (!this.#over) this.#show(found);
    } catch (refused) {
      if (refused.status === 404 && !this.#finishing) this.#close("The talk is over, or somebody else has it.");
    } finally {
      this.#asking = false;
    }
  }

  #show({ state, is_customer_there, summary, turns = [], ice_servers = [] }) {
    const joined = state === "joined";
    this.#servers = ice_servers;
    if (joined && this.#state !== "joined") this.#with.announce("You are connected. The customer knows that you are there.");
    this.#state = state;
    this.#isCustomerThere = is_customer_there;
    if (joined) this.#held = summary.handover.held;
    this.#showStatus();
    for (const panel of [this.said, this.known, this.tools, this.finish]) panel.hidden = !joined;
    this.talkButton.disabled = this.holdButton.disabled = this.returnButton.disabled = !joined;
    if (!joined) return;
    if (this.byVoice) this.#talk();
    this.holdButton.setAttribute("aria-pressed", this.#held);
    this.holdButton.textContent = this.#held ? "Resume" : "Hold";
    this.rows.replaceChildren(...summaryRows(summary).flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, text)]));
    this.#showProposal(summary.handover.proposal);
    const fresh = turns.filter(({ number }) => !this.#numbers.has(number));
    for (const turn of fresh) this.#addTurn(turn);
    if (fresh.length) this.log.scrollTo(0, this.log.scrollHeight);
  }

  /** Say how the talk stands, also while the service cannot be asked and the voice is lost. */
  #showStatus() {
    this.status.classList.toggle("gone", !this.#isCustomerThere);
    this.#tell(!this.#isCustomerThere ? "The line to the customer is gone. They may come back."
      : this.#state !== "joined" ? "The customer hears that you join. One moment …"
        : this.#held ? "On hold: neither of you hears the other." : `Connected${VOICE[this.#line] ?? ""}.`);
  }

  #addTurn({ number, role, text, speaker, interrupted }) {
    this.#numbers.add(number);
    const who = role === "user" ? "Customer" : speaker ?? "Banker (AI)";
    const own = speaker === this.#with.colleague.name;
    this.lines.append(h("li", { class: role === "user" ? "user" : own ? "own" : "banker" }, h("b", {}, who), interrupted ? `${text} …` : text));
  }

  #showProposal({ tool, status, reason } = {}) {
    const words = !tool ? "" : status === "asked" ? `${tool}: the customer is asked to confirm.`
      : status === "ok" ? `${tool}: done.` : `${tool}: not proposed (${reason || status}).`;
    if (words !== this.#proposal) this.proposal.textContent = this.#proposal = words;
  }

  async #do(action, body = {}) {
    try {
      await this.#client.post(`v1/desk/talks/${this.id}/${action}`, body);
      this.#with.notice("");
      return true;
    } catch (refused) {
      this.#with.notice(refused.message || "That did not work. Please try again.");
      return false;
    } finally {
      this.poll();
    }
  }

  /** Talk by voice; then the button mutes. */
  #talk() {
    this.byVoice = false;
    if (this.#voice) {
      this.#voice.muted = !this.#voice.muted;
    } else {
      const offer = async (sdp) => (await this.#client.post(`v1/desk/talks/${this.id}/offer`, { sdp })).sdp;
      this.#voice = new Voice(offer, (line) => this.#onVoice(line));
      this.#voice.start(() => this.#servers);
    }
    this.#showVoice();
  }

  #onVoice(line) {
    this.#line = line;
    this.#showStatus();
    if (line === "refused") {
      this.#voice = null;
      this.#with.notice("There is no microphone. You can write, or allow the microphone and press Talk.");
    }
    this.#showVoice();
  }

  #showVoice() {
    this.talkButton.textContent = !this.#voice ? "Talk" : this.#voice.muted ? "Unmute" : "Mute";
    this.talkButton.setAttribute("aria-pressed", Boolean(this.#voice?.muted));
  }

  async #finish(action) {
    const body = { outcome: this.outcome.value, note: this.note.value };
    this.#finishing = true;
    if (await this.#do(action, body)) this.#close(action === "end" ? "You have ended the talk." : "The banker has the talk again.");
    else this.#finishing = false;
  }

  #close(words) {
    if (this.#over) return;
    this.stop();
    this.#with.announce(words);
    this.#root.append(h("p", { class: "panel wide" }, words));
    this.#with.closed();
  }

  #tell(words) { if (this.status.textContent !== words) this.status.textContent = words; }

  #build() {
    const button = (text, classes, act) => {
      const made = h("button", { type: "button", class: classes }, text);
      made.onclick = act;
      return made;
    };
    this.status = h("p", { class: "status", role: "status" });
    this.talkButton = button("Talk", "main", () => this.#talk());
    this.holdButton = button("Hold", "", () => this.#do("hold", { held: !this.#held }));
    this.returnButton = button("Hand back to the banker", "", () => this.#finish("return"));
    this.endButton = button("End the talk", "end", () => this.#finish("end"));
    this.bar = h("div", { class: "row" }, this.talkButton, this.holdButton, this.returnButton, this.endButton);
    const head = h("section", { class: "panel wide", "aria-label": "Your talk" }, h("h2", {}, "Your talk"), this.status, this.bar);
    this.lines = h("ol", { class: "lines" });
    this.log = h("div", { class: "log", tabindex: "0", role: "log", "aria-label": "What is said" }, this.lines);
    this.input = h("input", { maxlength: 2000, autocomplete: "off", "aria-label": "Write to the customer", placeholder: "Write to the customer" });
    const form = h("form", { class: "line" }, this.input, h("button", { type: "submit", class: "main" }, "Send"));
    form.onsubmit = (event) => { event.preventDefault(); this.#say(); };
    this.said = h("section", { class: "panel", "aria-label": "Conversation" }, h("h3", {}, "Conversation"), this.log, form);
    this.rows = h("dl", {});
    this.known = h("section", { class: "panel", "aria-label": "Summary" }, h("h3", {}, "Summary"), this.rows);
    this.proposal = h("p", { role: "status" });
    this.tools = h("section", { class: "panel", "aria-label": "Propose" },
      h("h3", {}, "Propose"), new ToolForm(this.#with.tools, (tool, values) => this.#do("propose", { tool, arguments: values })).element, this.proposal);
    this.outcome = h("select", {}, ...OUTCOMES.map((text) => h("option", { value: text }, text || "–")));
    this.note = h("textarea", { rows: 2, maxlength: 2000 });
    this.finish = h("section", { class: "panel", "aria-label": "Outcome" }, h("h3", {}, "Outcome"),
      h("label", { class: "field" }, "How did it end?", this.outcome), h("label", { class: "field" }, "Note", this.note));
    this.#root.replaceChildren(head, this.said, this.known, this.tools, this.finish);
  }

  async #say() {
    const text = this.input.value.trim();
    if (text && await this.#do("say", { text, key: crypto.randomUUID() })) this.input.value = "";
  }
}
