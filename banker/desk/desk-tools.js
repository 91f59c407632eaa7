// A form for any tool of the bank, made from the JSON Schema of its arguments.

import { h } from "../widget/dom.js";

const words = (name) => name.replaceAll("_", " ");
const TYPES = { integer: "number", number: "number", date: "date", time: "time", "date-time": "datetime-local" };

export class ToolForm {
  #fields = []; #propose;

  constructor(tools, propose) {
    this.#propose = propose;
    this.choice = h("select", {}, h("option", { value: "" }, "–"), ...tools.map(({ name }) => h("option", { value: name }, words(name))));
    this.choice.onchange = () => this.#show(tools.find(({ name }) => name === this.choice.value));
    this.what = h("p", {});
    this.inputs = h("div", {});
    this.send = h("button", { type: "submit", disabled: true }, "Propose to the customer");
    this.element = h("form", {}, h("label", { class: "field" }, "Tool", this.choice), this.what, this.inputs, this.send);
    this.element.onsubmit = (event) => { event.preventDefault(); this.#submit(); };
  }

  #show(tool) {
    const required = tool?.parameters.required ?? [];
    this.#fields = Object.entries(tool?.parameters.properties ?? {}).map(([name, schema]) => field(name, schema, required.includes(name)));
    this.what.textContent = tool?.description ?? "";
    this.inputs.replaceChildren(...this.#fields.map(({ label }) => label));
    this.send.disabled = !tool;
  }

  async #submit() {
    const values = this.#fields.map(({ name, value }) => [name, value()]).filter(([, value]) => value !== "");
    if (await this.#propose(this.choice.value, Object.fromEntries(values))) {
      this.choice.value = "";
      this.#show();
    }
  }
}

function field(name, schema, required) {
  const type = Array.isArray(schema.type) ? schema.type.find((each) => each !== "null") : schema.type;
  if (type === "boolean") {
    const input = h("input", { type: "checkbox" });
    return { name, label: h("label", { class: "check" }, input, words(name)), value: () => input.checked };
  }
  const input = schema.enum
    ? h("select", { required }, h("option", { value: "" }, "–"), ...schema.enum.filter((each) => each !== null).map((each) => h("option", { value: each }, String(each))))
    : h("input", { type: TYPES[schema.format] ?? TYPES[type] ?? "text", required, step: type === "number" ? "any" : null, autocomplete: "off" });
  const value = () => (input.value !== "" && (type === "integer" || type === "number") ? Number(input.value) : input.value);
  return { name, label: h("label", { class: "field" }, words(name) + (required ? "" : " (optional)"), input), value };
}
