// The widget's elements in reading and focus order, and which of them are visible when. widget.js has the behaviour.

import { h } from "./dom.js";
import { CROSSED, DOWN, GEAR, icon, MICROPHONE, PHONE, SEND, STOP, TALK } from "./icons.js";
import { STYLE } from "./style.js";
import { fill } from "./texts.js";
import { themeSheet } from "./theme.js";

export class View {
  #root; #bound = []; #theme = new CSSStyleSheet(); #texts = {}; #muted = false; #avatar = false;

  constructor(root) {
    this.#root = root;
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style, this.#theme];
    this.theme(null);
    this.audio = h("audio", { autoplay: true });
    this.card = h("section", { class: "card", "aria-labelledby": "title" }, this.#header(), this.#settings(), this.#notice(),
      this.#idle(), this.#consent(), this.#call(), this.#over(), this.audio);
    root.append(this.card);
  }

  /** Show one of idle, consent, call, over (which keeps the transcript visible). */
  show(name) {
    this.card.dataset.view = name;
    if (name === "idle") delete this.card.dataset.line;
    this.idle.hidden = name !== "idle";
    this.consent.hidden = name !== "consent";
    this.over.hidden = name !== "over";
    this.call.hidden = name !== "call" && !(name === "over" && this.lines.childElementCount > 0);
    this.stage.hidden = this.form.hidden = this.bar.hidden = this.save.hidden = this.gear.hidden = this.left.hidden = name !== "call";
    this.question.hidden = this.stepUp.hidden = true;
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
    this.actions.replaceChildren(...actions.map(([text, act]) => this.#button("", text, act)));
    this.actions.hidden = actions.length === 0;
    if (inside) this.home();
  }

  /** Apply the tenant's colour; null means the default. */
  theme(primaryColor) { this.#theme.replaceSync(themeSheet(primaryColor)); }

  texts(texts) {
    this.#texts = texts;
    for (const [element, key, attribute] of this.#bound) {
      if (attribute) element.setAttribute(attribute, texts[key]);
      else element.textContent = texts[key];
    }
    this.muting(this.#muted, this.mute.hidden);
  }

  state(state, words) {
    this.card.dataset.state = state;
    if (this.status.textContent !== words) this.status.textContent = words;
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

  #face() { this.face.hidden = !this.#avatar || !this.showFace.checked || this.card.dataset.line === "text"; }

  /** Show either the mute button or hold-to-talk. */
  muting(muted, hold) {
    this.mute.hidden = hold;
    this.hold.hidden = !hold;
    this.#muted = muted;
    this.mute.classList.toggle("on", muted);
    this.mute.firstChild.replaceWith(icon(...(muted ? CROSSED : MICROPHONE)));
    this.mute.lastChild.textContent = this.#texts[muted ? "unmute" : "mute"] ?? "";
    this.held(false);
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
    this.stepUp.scrollIntoView({ block: "nearest" });
  }

  ask(summary) {
    const question = fill(this.#texts.question, { summary });
    this.asked.textContent = question;
    this.live.textContent = question;
    this.yes.disabled = this.no.disabled = false;
    this.question.hidden = false;
    this.question.scrollIntoView({ block: "nearest" });
  }

  choices(select, devices, current) {
    select.replaceChildren(...devices.map(({ deviceId, label }, index) =>
      h("option", { value: deviceId, selected: deviceId === current }, label || `${index + 1}`)));
    select.parentElement.hidden = devices.length === 0;
  }

  #header() {
    const title = this.#text(h("h2", { id: "title" }), "title");
    this.left = h("span", { class: "left", role: "timer", hidden: true });
    this.save = this.#iconOnly(DOWN, "save");
    this.gear = this.#iconOnly(GEAR, "settings");
    this.gear.setAttribute("aria-expanded", "false");
    this.gear.setAttribute("aria-controls", "settings");
    return h("header", {}, title, this.left, this.save, this.gear);
  }

  #settings() {
    this.microphones = h("select", {});
    this.speakers = h("select", {});
    this.meter = h("meter", { min: 0, max: 1 });
    this.holdMode = h("input", { type: "checkbox" });
    this.showFace = h("input", { type: "checkbox", checked: true });
    this.showFace.onchange = () => this.#face();
    this.withdraw = this.#text(h("button", { type: "button", class: "end" }), "withdraw");
    const label = (key, control, classes = "") => h("label", { class: classes }, this.#text(h("span", {}), key), control);
    const check = (key, control, classes = "") => h("label", { class: `check ${classes}` }, control, this.#text(h("span", {}), key));
    this.settings = h("div", { class: "settings", id: "settings", role: "group", hidden: true },
      label("microphone", this.microphones, "voice"), label("level", this.meter, "voice"), label("speaker", this.speakers, "voice"),
      check("holdMode", this.holdMode, "voice"), check("showFace", this.showFace, "voice"), this.withdraw);
    this.#bound.push([this.settings, "settings", "aria-label"]);
    return this.settings;
  }

  #notice() {
    this.words = h("p", { role: "alert" });
    this.actions = h("div", { class: "row", hidden: true });
    this.notice = h("div", { class: "notice" }, this.words, this.actions);
    return this.notice;
  }

  #idle() {
    this.start = this.#text(h("button", { type: "button", class: "main" }), "start");
    this.idle = h("div", { class: "view idle" }, h("div", { class: "emblem" }, icon(...TALK)), this.#text(h("p", {}), "intro"), this.start);
    return this.idle;
  }

  #consent() {
    this.consentText = h("p", { id: "consent-text" });
    this.agree = this.#text(h("button", { type: "button", class: "main" }), "agree");
    this.decline = this.#text(h("button", { type: "button" }), "decline");
    this.consent = h("div", { class: "view consent", role: "group", tabindex: "-1", "aria-labelledby": "consent-title", "aria-describedby": "consent-text", hidden: true },
      this.#text(h("h3", { id: "consent-title" }), "consentTitle"), this.consentText, h("div", { class: "row" }, this.agree, this.decline));
    return this.consent;
  }

  #call() {
    this.video = h("video", { autoplay: true, playsinline: true, muted: true, "aria-hidden": "true", width: 320, height: 320 });
    this.video.muted = true;
    this.face = h("div", { class: "face", hidden: true }, this.video);
    this.status = h("span", {});
    this.listen = this.#text(h("button", { type: "button", class: "main", hidden: true }), "tapToHear");
    this.quiet = this.#iconOnly(STOP, "quiet");
    this.quiet.classList.add("solid");
    this.quiet.hidden = true;
    const doing = h("div", { class: "doing" }, h("p", { class: "state", role: "status" }, this.status), this.quiet);
    this.stage = h("div", { class: "stage" }, this.face, doing, this.listen);
    this.lines = h("ol", { class: "lines" });
    // Not a live region itself: partial lines would be read out again and again.
    this.log = h("div", { class: "log", role: "log", "aria-live": "off", tabindex: "0" }, this.lines);
    this.#bound.push([this.log, "conversation", "aria-label"]);
    this.live = h("p", { class: "unseen", "aria-live": "polite" });
    this.asked = h("p", { id: "asked" });
    this.yes = this.#text(h("button", { type: "button", class: "main" }), "yes");
    this.no = this.#text(h("button", { type: "button" }), "no");
    this.question = h("div", { class: "question", role: "group", "aria-labelledby": "asked", hidden: true }, this.asked, h("div", { class: "row" }, this.yes, this.no));
    this.stepUpWhat = h("p", {});
    this.stepUpNo = this.#text(h("button", { type: "button" }), "stepUpNo");
    const stepUpTitle = this.#text(h("h3", { id: "step-up" }), "stepUp");
    this.stepUp = h("div", { class: "step-up", role: "group", "aria-labelledby": "step-up", hidden: true }, stepUpTitle, this.stepUpWhat, h("div", { class: "row" }, this.stepUpNo));
    this.input = h("input", { class: "words", maxlength: 2000, autocomplete: "off", enterkeyhint: "send" });
    this.#bound.push([this.input, "messageLabel", "aria-label"], [this.input, "messageLabel", "placeholder"]);
    const send = h("button", { type: "submit", class: "main" }, icon(...SEND));
    this.#bound.push([send, "send", "aria-label"]);
    this.form = h("form", {}, this.input, send);
    this.hold = h("button", { type: "button", class: "hold main voice", hidden: true }, icon(...MICROPHONE), h("span", {}));
    this.mute = h("button", { type: "button", class: "voice" }, icon(...MICROPHONE), h("span", {}));
    this.hangUp = this.#named("end", PHONE, "hangUp");
    this.bar = h("div", { class: "row" }, this.hold, this.mute, this.hangUp);
    this.call = h("div", { class: "view call", hidden: true }, this.stage, this.log, this.live, this.question, this.stepUp, this.form, this.bar);
    return this.call;
  }

  #over() {
    this.again = this.#text(h("button", { type: "button", class: "main" }), "startAgain");
    this.saveAfter = this.#named("", DOWN, "save");
    this.over = h("div", { class: "view over", hidden: true }, h("div", { class: "row" }, this.again, this.saveAfter));
    return this.over;
  }

  #named(classes, drawing, key) {
    return h("button", { type: "button", class: classes }, icon(...drawing), this.#text(h("span", {}), key));
  }

  #iconOnly(drawing, key) {
    const button = h("button", { type: "button", class: "bare" }, icon(...drawing));
    this.#bound.push([button, key, "aria-label"], [button, key, "title"]);
    return button;
  }

  #button(classes, text, act) {
    const button = h("button", { type: "button", class: classes }, text);
    button.onclick = act;
    return button;
  }

  #text(element, key) {
    this.#bound.push([element, key, null]);
    return element;
  }
}
