// Asks the bank's back end for a session.

const ANSWER_MS = 20_000;

/** What the page shows, as strings: its route, the attribute `account-id`, and `context`. */
export function portalContext(element, context) {
  const account = element.getAttribute("account-id");
  return { route: location.pathname, ...(account && { account_id: account }), ...context };
}

/**
 * `session`: the create response of the bank's back end; or `refusal`: away, signed-out, or limited for `seconds`.
 * The body is the portal's context.
 */
export async function askForSession(element, context) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  const csrf = element.getAttribute("csrf-token");
  if (csrf) headers["X-CSRF-Token"] = csrf;
  const body = JSON.stringify(portalContext(element, context));
  const url = element.getAttribute("session-url");
  if (!url) return { refusal: "away" };
  const signal = AbortSignal.timeout(ANSWER_MS);
  const response = await fetch(url, { method: "POST", credentials: "same-origin", headers, body, signal });
  if (response.ok && !response.redirected) return { session: await response.json() };
  if (response.status === 429) return { refusal: "limited", seconds: Number(response.headers.get("Retry-After")) || 60 };
  return { refusal: response.redirected || [401, 403].includes(response.status) ? "signed-out" : "away" };
}
