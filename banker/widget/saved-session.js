// What a reload needs to resume the conversation: kept in this tab only, and no longer than the token lives.

export class SavedSession {
  #key; #user;

  /** `user` owns the conversation: the next person who signs in on this tab does not get it. */
  constructor(sessionUrl, user) {
    this.#key = `virtual-banker ${sessionUrl}`;
    this.#user = user ?? "";
  }

  /** The saved state, with `stranger: true` when it belongs to another user; null when there is none. */
  read() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.#key));
      if (!(kept?.session?.until > Date.now())) return null;
      return { ...kept, stranger: kept.user !== this.#user };
    } catch {
      return null;  // storage may be denied; then a reload starts a new conversation
    }
  }

  keep(what) {
    try {
      sessionStorage.setItem(this.#key, JSON.stringify({ ...what, user: this.#user }));
    } catch { /* as above */ }
  }

  forget() {
    try {
      sessionStorage.removeItem(this.#key);
    } catch { /* as above */ }
  }
}
