// The desk's API: a token by the page's cookies, renewed in time, and JSON both ways.

const ANSWER_MS = 10_000;
const RENEW_MS = 120_000;  // a token lives five minutes

export class DeskClient {
  #base = new URL("../", import.meta.url); #token = ""; #timer = 0;

  /** `replaced()` is called when another window of this colleague has the desk, or they are signed out. */
  constructor(replaced) { this.replaced = replaced; }

  /** Who the host says is at this page, with the tools of the bank; null if they may not use the desk. */
  async begin() {
    const response = await this.#fetch("desk/session", "POST", {});
    if (response.status === 401) return null;
    const known = await read(response);
    this.#token = known.token;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#renew(), RENEW_MS);
    return known;
  }

  get(path) { return this.#call(path, "GET"); }
  post(path, body = {}) { return this.#call(path, "POST", body); }

  stop() {
    clearTimeout(this.#timer);
    this.#token = "";
  }

  async #renew() {
    try {
      if (await this.begin() === null) this.#over();
    } catch {
      this.#timer = setTimeout(() => this.#renew(), ANSWER_MS);
    }
  }

  async #call(path, method, body) {
    if (!this.#token) throw new Refused(401, "");
    const response = await this.#fetch(path, method, body);
    if (response.status === 401) this.#over();
    return read(response);
  }

  #over() {
    this.stop();
    this.replaced();
  }

  #fetch(path, method, body) {
    const headers = { Accept: "application/json", ...(this.#token && { Authorization: `Bearer ${this.#token}` }) };
    if (body) headers["Content-Type"] = "application/json";
    const signal = AbortSignal.timeout(ANSWER_MS);
    return fetch(new URL(path, this.#base), { method, headers, body: body && JSON.stringify(body), credentials: "same-origin", signal });
  }
}

/** What the service has refused, with its HTTP status and its message. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function read(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, body.message ?? "");
  return body;
}
