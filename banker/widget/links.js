// Addresses that the widget may link to.

/** The address if it leads to an https: page or to the page's own origin, else null. */
export function safeAddress(url) {
  const { href: base, origin: own } = globalThis.location;
  try {
    const { protocol, origin, href } = new URL(url, base);
    return typeof url === "string" && (protocol === "https:" || (protocol === "http:" && origin === own)) ? href : null;
  } catch {
    return null;
  }
}
