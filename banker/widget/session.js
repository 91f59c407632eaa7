// The session and its ephemeral token, refreshed in time. Times are read by the service's clock, not by this machine's.

const SOONEST_MS = 5_000;
const ANSWER_MS = 10_000;
const renewals = new Map();  // by session

export class Session {
  #base; #known; #renewed; #over; #closed = false; #timer = 0;

  /**
   * `known` is the create response or what `renewed(known)` received; `over("gone")`: the service
   * does not know the session or its token.
   */
  constructor(base, known, renewed, over) {
    this.#base = base;
    this.#known = known.until ? known : stamped(known, known);
    this.#renewed = renewed;
    this.#over = over;
    this.#renewInTime();
  }

  get known() { return this.#known; }

  /** Milliseconds until the token expires. */
  get left() { return this.#known.until - Date.now(); }

  /** Milliseconds until a time of the service, corrected for the difference of the clocks. */
  remaining(time) { return Date.parse(time) - Date.now() - this.#known.skew; }

  /** Open the signaling WebSocket. */
  socket() {
    const url = new URL(`v1/realtime/${this.#known.session_id}`, this.#base);
    url.protocol = url.protocol.replace("http", "ws");
    return new WebSocket(url, ["virtual-banker.v1", `bearer.${this.#known.ephemeral_token}`]);
  }

  /** Refresh the token. Returns whether there is one to connect with (the old one when rate-limited). */
  async renew() {
    const { session_id } = this.#known;
    // One at a time, whichever element asks: the service takes the old token once.
    if (!renewals.has(session_id)) renewals.set(session_id, this.#askForToken().finally(() => renewals.delete(session_id)));
    const { status, token } = await renewals.get(session_id);
    if (token) this.#keep(token);
    if (this.#closed) return false;
    if (status === 401 || status === 404) this.#over("gone");
    return token !== null || status === 429;
  }

  /** Stop refreshing. */
  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** End the session at the service, also while the page unloads. */
  async end() {
    this.close();
    await this.#post("end", { keepalive: true });
  }

  /** Say whether it has helped: "up" or "down". The service takes that while the last token is valid. */
  async rate(rating) {
    const body = JSON.stringify({ rating });
    await this.#post("end", { keepalive: true, body });
  }

  #renewInTime() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      // The service was not reached; the reconnect loop tries sooner than this timer.
      if (!await this.renew() && !this.#closed) this.#renewInTime();
    }, Math.max(this.left * 0.6, SOONEST_MS));
  }

  async #askForToken() {
    const response = await this.#post("refresh-token");
    return { status: response?.status, token: response?.ok ? await response.json().catch(() => null) : null };
  }

  /** Keep a token also after `close`: it has replaced the old one, and a page that resumes the session needs it. */
  #keep(token) {
    this.#known = stamped(this.#known, token);
    if (!this.#closed) this.#renewInTime();
    this.#renewed(this.#known);
  }

  #post(action, options = {}) {
    const url = new URL(`v1/sessions/${this.#known.session_id}/${action}`, this.#base);
    const headers = { Authorization: `Bearer ${this.#known.ephemeral_token}`, ...(options.body && { "Content-Type": "application/json" }) };
    return fetch(url, { method: "POST", headers, signal: AbortSignal.timeout(ANSWER_MS), ...options }).catch(() => null);
  }
}

/** The session with a new token, and its expiry on this machine's clock, which may differ by minutes. */
function stamped(session, { ephemeral_token, expires_at }) {
  const now = Date.now();
  const claims = JSON.parse(atob(ephemeral_token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  const skew = claims.iat * 1000 - now;
  return { ...session, ephemeral_token, expires_at, skew, until: now + (claims.exp - claims.iat) * 1000 };
}
