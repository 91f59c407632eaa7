// What a tenant shows before a conversation: its colour, its example questions, and the banker's face.

const NOTHING = { theme: {}, examples: [], portrait: null };

/** The appearance of a tenant, `portrait` as an ImageBitmap or null. `tenant` may be null where the service has one. */
export async function appearanceOf(base, tenant, signal) {
  const query = tenant ? `?tenant=${encodeURIComponent(tenant)}` : "";
  const get = async (name) => {
    const response = await fetch(new URL(`widget/${name}${query}`, base), { signal, credentials: "omit" });
    return response.ok ? response : null;
  };
  try {
    const response = await get("appearance");
    if (!response) return NOTHING;
    const { theme, examples, portrait } = await response.json();
    // Drawn on a canvas: an <img> would need img-src in the page's Content-Security-Policy.
    const picture = portrait ? await get("portrait.png").catch(() => null) : null;
    return { theme, examples, portrait: picture && await createImageBitmap(await picture.blob()) };
  } catch {
    return NOTHING;  // the service is away; the emblem stays
  }
}

/** Draw a portrait into `element`, in place of what is there. */
export function draw(element, portrait) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [portrait.width, portrait.height];
  canvas.getContext("2d")?.drawImage(portrait, 0, 0);
  element.replaceChildren(canvas);
}
