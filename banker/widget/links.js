// Addresses that the widget may link to.

/** The address if it leads to an https: page or to the page's own origin, else null. */
export function safeAddress(url) {
  const base = globalThis.location.href;
  if (typeof url !== "string" || !URL.canParse(url, base)) return null;
  const { protocol, origin, href } = new URL(url, base);
  return protocol === "https:" || (protocol === "http:" && origin === globalThis.location.origin) ? href : null;
}
