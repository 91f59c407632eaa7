// During a call: the stage with the face and what the banker does, the log, and the dock with field and buttons.

import { Composer } from "./composer.js";
import { h } from "./dom.js";
import { icon, MICROPHONE, PHONE, STOP } from "./icons.js";
import { QuestionCard } from "./question-card.js";

export class CallView {
  constructor(labels) {
    this.stage = this.#stage(labels);
    this.lines = h("ol", { class: "lines", part: "lines" });
    // Not a live region itself: partial lines would be read out again and again.
    this.newer = labels.button("newMessage", { class: "newer", part: "button", hidden: true });
    this.log = labels.bind(h("div", { class: "log", part: "log", role: "log", "aria-live": "off", tabindex: "0" }, this.lines, this.newer), "conversation", "aria-label");
    this.live = h("p", { class: "unseen", "aria-live": "polite" });
    this.questionCard = new QuestionCard(labels);
    this.composer = new Composer(labels);
    this.hold = h("button", { type: "button", class: "hold main voice", part: "button primary", hidden: true }, icon(...MICROPHONE), h("span", {}));
    this.mute = h("button", { type: "button", class: "voice mute", part: "button" }, h("span", { class: "ear" }, icon(...MICROPHONE)), h("span", {}));
    this.hangUp = labels.button("hangUp", { class: "end", part: "button hang-up" }, PHONE);
    this.bar = h("div", { class: "row bar" }, this.hold, this.mute, this.hangUp);
    this.dock = h("div", { class: "dock", part: "dock" }, this.questionCard.question, this.#stepUp(labels), this.composer.form, this.bar);
  }

  #stage(labels) {
    this.video = h("video", { autoplay: true, playsinline: true, muted: true, "aria-hidden": "true", width: 320, height: 320 });
    this.video.muted = true;
    this.portrait = h("span", { class: "portrait" });  // until the video plays, and while the connection is lost
    this.person = h("span", { class: "person", "aria-hidden": "true", hidden: true });
    this.face = h("div", { class: "face", part: "face", hidden: true }, this.portrait, this.video, this.person);
    this.status = h("span", {});
    this.left = h("span", { class: "left", role: "timer", dir: "auto", hidden: true });
    this.quiet = labels.icon("quiet", STOP, { class: "bare solid", hidden: true });
    this.listen = labels.button("tapToHear", { class: "main listen", hidden: true });
    const doing = h("div", { class: "doing" }, this.quiet, h("p", { class: "state", part: "state", role: "status", dir: "auto" }, this.status), this.left);
    return h("div", { class: "stage", part: "stage" }, this.face, doing, this.listen);
  }

  #stepUp(labels) {
    this.stepUpWhat = h("p", { dir: "auto" });
    this.stepUpNo = labels.button("stepUpNo");
    const title = labels.text("h3", "stepUp", { id: "step-up" });
    this.stepUp = h("div", { class: "step-up", part: "question", role: "group", "aria-labelledby": "step-up", hidden: true },
      title, this.stepUpWhat, h("div", { class: "row" }, this.stepUpNo));
    return this.stepUp;
  }
}
