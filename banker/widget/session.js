// The session and its ephemeral token, which is renewed in time. What the service says of time is read by its own clock.

const SOONEST_MS = 5_000;
const ANSWER_MS = 10_000;

export class Session {
  #base; #known; #renewed; #over; #closed = false; #timer = 0;

  /** `known`: the create response, or what `renewed(known)` was told; `over(reason)`: "gone" or "elsewhere". */
  constructor(base, known, renewed, over) {
    this.#base = base;
    this.#known = known.until ? known : stamped(known, known);
    this.#renewed = renewed;
    this.#over = over;
    this.#renewInTime();
  }

  get known() { return this.#known; }

  /** Milliseconds that the token is good for. */
  get left() { return this.#known.until - Date.now(); }

  /** Milliseconds until a time that the service named, whatever this machine's clock says. */
  remaining(time) { return Date.parse(time) - Date.now() - this.#known.skew; }

  /** The socket of the session's signaling. */
  socket() {
    const url = new URL(`v1/realtime/${this.#known.session_id}`, this.#base);
    url.protocol = url.protocol.replace("http", "ws");
    return new WebSocket(url, ["virtual-banker.v1", `bearer.${this.#known.ephemeral_token}`]);
  }

  /** Whether there is a token to connect with: a new one, or the old one when too many were asked for. */
  async renew() {
    const response = await this.#post("refresh-token");
    if (this.#closed) return false;
    if (response?.status === 401 || response?.status === 404) {
      this.#over(response.status === 404 ? "gone" : "elsewhere");
      return false;
    }
    const token = response?.ok ? await response.json().catch(() => null) : null;
    if (this.#closed || !token) return response?.status === 429;
    this.#known = stamped(this.#known, token);
    this.#renewInTime();
    this.#renewed(this.#known);
    return true;
  }

  /** Renew nothing any more. */
  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** End it at the service, also from a page that is being left. */
  async end() {
    this.close();
    await this.#post("end", { keepalive: true });
  }

  #renewInTime() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      // Not reached: coming back tries again, and sooner than this if nothing is lost.
      if (!await this.renew() && !this.#closed) this.#renewInTime();
    }, Math.max(this.left * 0.6, SOONEST_MS));
  }

  #post(action, options = {}) {
    const url = new URL(`v1/sessions/${this.#known.session_id}/${action}`, this.#base);
    const headers = { Authorization: `Bearer ${this.#known.ephemeral_token}` };
    return fetch(url, { method: "POST", headers, signal: AbortSignal.timeout(ANSWER_MS), ...options }).catch(() => null);
  }
}

/** The session with a new token, and by this machine's clock until when that is good: clocks differ by minutes. */
function stamped(session, { ephemeral_token, expires_at }) {
  const now = Date.now();
  const claims = JSON.parse(atob(ephemeral_token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  const skew = claims.iat * 1000 - now;
  return { ...session, ephemeral_token, expires_at, skew, until: now + (claims.exp - claims.iat) * 1000 };
}
