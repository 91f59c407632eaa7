// The elements of the settings panel. settings.js has the behaviour.

import { h } from "./dom.js";

export class SettingsPanel {
  constructor(labels) {
    const label = (key, control, classes = "") => h("label", { class: classes }, labels.text("span", key), control);
    const check = (key, control) => h("label", { class: "check voice" }, control, labels.text("span", key));
    this.microphones = h("select", {});
    this.speakers = h("select", {});
    this.meter = h("meter", { min: 0, max: 1 });
    this.holdMode = h("input", { type: "checkbox" });
    this.showFace = h("input", { type: "checkbox", checked: true });
    this.withdraw = labels.button("withdraw", { class: "end" });
    this.settings = h("div", { class: "settings", part: "settings", id: "settings", role: "group", hidden: true },
      label("microphone", this.microphones, "voice"), label("level", this.meter, "voice"), label("speaker", this.speakers, "voice"),
      check("holdMode", this.holdMode), check("showFace", this.showFace), this.withdraw);
    labels.bind(this.settings, "settings", "aria-label");
  }

  /** List `devices` in `select`, which is hidden if there are none. */
  choices(select, devices, current) {
    select.replaceChildren(...devices.map(({ deviceId, label }, index) =>
      h("option", { value: deviceId, selected: deviceId === current }, label || `${index + 1}`)));
    select.parentElement.hidden = devices.length === 0;
  }
}
