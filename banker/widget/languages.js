// The language packs: texts-<language>.js, one each, loaded when they are needed. English is built in.

const PACKS = { de: () => import("./texts-de.js"), es: () => import("./texts-es.js") };

/** The texts in the language of an element: its own `lang`, or the page's. Nothing where there is no pack. */
export async function packOf(element) {
  const language = (element.closest("[lang]")?.getAttribute("lang") ?? "").toLowerCase().split("-")[0];
  const pack = await PACKS[language]?.().catch(() => null);
  return pack?.TEXTS ?? {};
}
