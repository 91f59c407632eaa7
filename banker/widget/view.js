// The widget's elements in reading and focus order, and which of them are visible when. widget.js has the behaviour.

import { CallView } from "./call-view.js";
import { h } from "./dom.js";
import { EndView } from "./end-view.js";
import { CROSSED, DOWN, GEAR, icon, MICROPHONE } from "./icons.js";
import { IdleView } from "./idle-view.js";
import { Labels } from "./labels.js";
import { SettingsPanel } from "./settings-panel.js";
import { Shell } from "./shell.js";
import { STYLE } from "./style.js";
import { fill } from "./texts.js";
import { themeSheet } from "./theme.js";

export class View {
  #root; #labels = new Labels(); #theme = new CSSStyleSheet(); #texts = {}; #muted = false; #avatar = false;

  constructor(root) {
    this.#root = root;
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style, this.#theme];
    this.theme(null);
    this.audio = h("audio", { autoplay: true });
    this.idleView = new IdleView(this.#labels);
    this.endView = new EndView(this.#labels);
    this.#take(new SettingsPanel(this.#labels), "microphones", "speakers", "meter", "holdMode", "showFace", "withdraw", "settings", "choices");
    this.#take(new CallView(this.#labels), "stage", "video", "portrait", "person", "face", "status", "left", "quiet", "listen", "log", "lines", "newer", "live", "dock",
      "questionCard", "composer", "stepUp", "stepUpWhat", "stepUpNo", "hold", "mute", "hangUp", "bar");
    this.#take(this.idleView, "start", "write");
    this.#take(this.endView, "again", "saveAfter", "over", "summary");
    this.#take(this.questionCard, "question", "yes", "no");
    this.#take(this.composer, "form", "input");
    this.showFace.onchange = () => this.#face();
    this.frame = h("div", { class: "frame" });
    this.card = h("section", { class: "card", part: "card", "aria-labelledby": "title" }, this.frame);
    this.shell = new Shell(root.host, this.card, this.#labels);
    this.idle = this.idleView.element;
    this.frame.append(this.#header(), this.settings, this.#notice(), this.idle, this.#consent(), this.stage, this.summary,
      this.log, this.live, this.dock, this.over, this.audio);
    root.append(this.shell.element);
  }

  /** Show one of idle, consent, call, over (which keeps the transcript visible). */
  show(name) {
    const transcript = name === "call" || (name === "over" && this.lines.childElementCount > 0);
    this.card.dataset.view = name;
    this.card.classList.toggle("fixed", transcript);
    if (name === "idle") delete this.card.dataset.line;
    this.idle.hidden = name !== "idle";
    this.consent.hidden = name !== "consent";
    this.over.hidden = name !== "over";
    this.summary.hidden = name !== "over" || !transcript;
    this.log.hidden = !transcript;
    this.stage.hidden = this.dock.hidden = this.save.hidden = this.gear.hidden = this.left.hidden = name !== "call";
    this.question.hidden = this.stepUp.hidden = true;
    if (name === "over") this.shell.comeBack();
    if (name !== "call") this.shell.name(this.#texts.launcher ?? "");
    if (name === "call") this.state("connecting", this.#texts.connecting);
  }

  openSettings(open) {
    this.settings.hidden = !open;
    this.gear.setAttribute("aria-expanded", open);
  }

  /** Move the focus to where the user continues. On a touch screen the input would open the on-screen keyboard. */
  home() { (matchMedia("(pointer: coarse)").matches ? this.log : this.input).focus(); }

  /** Hide an element; if it had the focus, move the focus to `home`. */
  hide(element) {
    const inside = element.contains(this.#root.activeElement);
    element.hidden = true;
    if (inside) this.home();
  }

  /** Show a notice with `actions` of [label, callback]. Empty words remove it. */
  tell(words, { bad = false, actions = [] } = {}) {
    const inside = this.actions.contains(this.#root.activeElement);
    this.notice.classList.toggle("shown", words !== "");
    this.notice.classList.toggle("bad", bad);
    if (this.words.textContent !== words) this.words.textContent = words;
    this.actions.replaceChildren(...actions.map(([text, act]) => this.#button(text, act)));
    this.actions.hidden = actions.length === 0;
    if (inside) this.home();
  }

  /** Apply the tenant's colour; null means the default. */
  theme(primaryColor) { this.#theme.replaceSync(themeSheet(primaryColor)); }

  texts(texts) {
    this.#texts = texts;
    this.#labels.show(texts);
    this.composer.texts(texts);
    this.questionCard.texts(texts);
    this.muting(this.#muted, this.mute.hidden);
    if (this.card.dataset.view !== "call") this.shell.name(texts.launcher);
  }

  state(state, words) {
    this.card.dataset.state = this.shell.element.dataset.state = state;
    if (this.status.textContent !== words) this.status.textContent = words;
    this.shell.name(words);
    if (state === "speaking") this.quiet.hidden = false;
    else this.hide(this.quiet);
  }

  /** Whether this call has a face. It has its place from the start, so that nothing moves when it appears. */
  avatar(there) {
    this.#avatar = there;
    this.#face();
  }

  /** Switch between `voice` and `text`, which has no face, sound or mute button. */
  line(line) {
    this.card.dataset.line = line;
    this.#face();
  }

  /** Show the initials of a colleague of the bank in place of the banker's face; an empty name brings that back. */
  colleague(name) {
    this.person.textContent = name.split(/\s+/).filter(Boolean).map((part) => [...part][0]).slice(0, 2).join("");
    this.person.hidden = !name;
    this.video.hidden = Boolean(name);
  }

  #face() { this.face.hidden = !this.#avatar || !this.showFace.checked || this.card.dataset.line === "text"; }

  /** Show either the mute button or hold-to-talk. */
  muting(muted, hold) {
    this.mute.hidden = hold;
    this.hold.hidden = !hold;
    this.#muted = muted;
    this.mute.classList.toggle("on", muted);
    this.mute.firstChild.replaceChildren(icon(...(muted ? CROSSED : MICROPHONE)));
    this.mute.lastChild.textContent = this.#texts[muted ? "unmute" : "mute"] ?? "";
    this.held(false);
  }

  /** Show how loud the microphone is, 0 to 1; null where the browser does not measure it. */
  level(level) {
    this.meter.parentElement.hidden = level === null;
    this.bar.style.setProperty("--level", (level ?? 0).toFixed(2));
    this.meter.value = level ?? 0;
  }

  held(down) {
    this.hold.classList.toggle("down", down);
    this.hold.lastChild.textContent = this.#texts[down ? "holding" : "hold"] ?? "";
  }

  /** Report when hold-to-talk is pressed and released, by pointer or by Space and Enter. */
  onHold(tell) {
    let down = false;
    const change = (now) => { if (now !== down) tell(down = now); };
    const isKey = ({ key }) => key === " " || key === "Enter";
    this.hold.onpointerdown = (event) => { this.hold.setPointerCapture(event.pointerId); change(true); };
    this.hold.onpointerup = this.hold.onpointercancel = this.hold.onblur = () => change(false);
    this.hold.onkeydown = (event) => { if (isKey(event)) { event.preventDefault(); change(true); } };
    this.hold.onkeyup = (event) => { if (isKey(event)) change(false); };
    this.hold.oncontextmenu = (event) => event.preventDefault();  // a long press on a touch screen
  }

  /** Show that the bank authenticates the user for what they have confirmed. */
  askStepUp(summary) {
    this.stepUpWhat.textContent = fill(this.#texts.stepUpWhat, { summary });
    this.live.textContent = `${this.#texts.stepUp}. ${this.stepUpWhat.textContent}`;
    this.stepUp.hidden = false;
  }

  /** Show a question of the banker, a `confirm.request` event. */
  ask(event) { this.live.textContent = this.questionCard.ask(event); }

  #header() {
    const title = this.#labels.text("h2", "title", { id: "title", part: "title" });
    this.save = this.#labels.icon("save", DOWN, { class: "bare save" });
    this.gear = this.#labels.icon("settings", GEAR, { "aria-expanded": "false", "aria-controls": "settings" });
    return h("header", { part: "header" }, h("div", { class: "name" }, h("slot", { name: "logo" }), title),
      h("div", { class: "actions" }, this.save, this.gear, this.shell.minimise));
  }

  #notice() {
    this.words = h("p", { role: "alert", dir: "auto" });
    this.actions = h("div", { class: "row", hidden: true });
    this.notice = h("div", { class: "notice", part: "notice" }, this.words, this.actions);
    return this.notice;
  }

  #consent() {
    this.consentText = h("span", { dir: "auto" });
    this.agree = this.#labels.button("agree", { class: "main", part: "button primary" });
    this.decline = this.#labels.button("decline", { part: "button" });
    this.consent = h("div", { class: "view consent", part: "consent", role: "group", tabindex: "-1", "aria-labelledby": "consent-title", "aria-describedby": "consent-text", hidden: true },
      this.#labels.text("h3", "consentTitle", { id: "consent-title" }), h("p", { id: "consent-text" }, this.consentText), h("div", { class: "row" }, this.agree, this.decline));
    return this.consent;
  }

  #button(text, act) {
    const button = h("button", { type: "button" }, text);
    button.onclick = act;
    return button;
  }

  /** Take over the elements that the rest of the widget uses. */
  #take(part, ...names) {
    for (const name of names) this[name] = typeof part[name] === "function" ? part[name].bind(part) : part[name];
  }
}
