// Amounts, IBANs and reference numbers in what the banker says: a tap copies one.

import { h } from "./dom.js";
import { fill } from "./texts.js";

const VALUE = /\p{Sc}\s?\d[\d.,\u00a0]*\d|\d[\d.,\u00a0]*\d\s?\p{Sc}|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b|\b[A-Z]{1,4}-\d{2,}\b/gu;
const SHOWN_MS = 1_500;

/** The text as nodes, with a button for each value. */
export function valuesIn(text, texts) {
  const nodes = [];
  let at = 0;
  for (const { 0: value, index } of text.matchAll(VALUE)) {
    nodes.push(text.slice(at, index), button(value, texts));
    at = index + value.length;
  }
  return [...nodes, text.slice(at)].filter((node) => node !== "");
}

function button(value, texts) {
  const element = h("button", { type: "button", class: "value", dir: "ltr", title: fill(texts.copy ?? "", { value }) }, value);
  element.onclick = async () => {
    const copied = await navigator.clipboard?.writeText(value).then(() => true, () => false);
    if (!copied) return;
    element.dataset.copied = texts.copied;
    setTimeout(() => { delete element.dataset.copied; }, SHOWN_MS);
  };
  return element;
}
