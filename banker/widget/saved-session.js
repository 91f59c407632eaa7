// What a reload needs to resume the conversation: kept in this tab only, and no longer than the token lives.

const PREFIX = "virtual-banker";
const taken = new Set();  // keys of the elements in this page: each has its own

export class SavedSession {
  #key; #user;

  /** `user` owns the conversation: the next person who signs in on this tab does not get it. */
  constructor(sessionUrl, user) {
    let number = 1;
    const key = () => `${PREFIX} ${sessionUrl}${number > 1 ? ` ${number}` : ""}`;
    while (taken.has(key())) number++;
    taken.add(this.#key = key());
    this.#user = user ?? "";
  }

  /** The saved state: with `expired` when its token has run out; null when there is none or it is another user's. */
  read() {
    const kept = load(this.#key);
    if (!kept?.session?.until) return null;
    if (kept.user === this.#user) return { ...kept, expired: kept.session.until <= Date.now() };
    this.forget();
    return null;
  }

  keep(what) { store(this.#key, { ...what, user: this.#user }); }

  forget() { store(this.#key, null); }

  /** Leave the key to the next element. */
  release() { taken.delete(this.#key); }
}

/** Why the last call of this tab had no voice; null if it had one. The next one begins in text, and tries again. */
export const lastLine = {
  get why() { return load(`${PREFIX} line`); },
  set why(why) { store(`${PREFIX} line`, why); },
};

// Storage may be denied; then a reload starts a new conversation.

function load(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null;
  }
}

function store(key, value) {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(value));
  } catch { /* as above */ }
}
