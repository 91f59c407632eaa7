// One conversation, one window: a Web Lock on the session, so that the duplicate of a tab does not take its call, and a
// BroadcastChannel by which another window asks for it. Browsers without Web Locks (pages without https://) know no
// other window; there a new token makes the other one stop.

const LEAVING_MS = 1_000;  // a page that is being left gives its lock back within this time
const ANSWER_MS = 1_000;   // a window that does not answer, because it is frozen, loses the lock

export class SessionLock {
  static exists = globalThis.navigator?.locks !== undefined && "BroadcastChannel" in globalThis;

  #name; #channel = null; #release = null; #asked; #lost;

  /** While it is held: `asked()` returns what another window needs to go on, and `lost()` follows. */
  constructor(sessionId, asked, lost) {
    this.#name = `virtual-banker ${sessionId}`;
    this.#asked = asked;
    this.#lost = lost;
  }

  /** Take the lock. Returns false if another window has it. */
  async take() {
    if (!SessionLock.exists) return true;
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), LEAVING_MS);
    const taken = await this.#hold({ signal: patience.signal });
    clearTimeout(timer);
    return taken;
  }

  /** Take the lock from the window that has it. Returns what that window gave, or null if it did not answer. */
  async bring() {
    const channel = new BroadcastChannel(this.#name);
    const given = await new Promise((answer) => {
      channel.onmessage = ({ data }) => { if (data.given) answer(data.given); };
      channel.postMessage({ wanted: true });
      setTimeout(() => answer(null), ANSWER_MS);
    });
    channel.close();
    await this.#hold({ steal: true });
    return given;
  }

  /** Give the lock back. */
  release() {
    this.#channel?.close();
    this.#channel = null;
    this.#release?.();
    this.#release = null;
  }

  #hold(options) {
    return new Promise((taken) => {
      const held = new Promise((release) => { this.#release = release; });
      const hold = () => { this.#listen(); taken(true); return held; };
      // Rejected when `signal` gave up, or another window has stolen the lock.
      navigator.locks.request(this.#name, options, hold).catch(() => { taken(false); this.#onLost(); });
    });
  }

  #listen() {
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => {
      if (!data.wanted) return;
      this.#channel.postMessage({ given: this.#asked() });
      this.#onLost();
    };
  }

  #onLost() {
    const held = this.#channel !== null;
    this.release();
    if (held) this.#lost();
  }
}
