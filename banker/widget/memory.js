// What a reload of the page needs to take the talk on: in this tab alone, and no longer than the token lives.

export class Memory {
  #key; #user;

  /** `user` names whose talk it is: the next person who signs in on this tab does not get it. */
  constructor(sessionUrl, user) {
    this.#key = `virtual-banker ${sessionUrl}`;
    this.#user = user ?? "";
  }

  /** What was kept, with `stranger: true` when it is somebody else's; null when there is nothing of use. */
  read() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.#key));
      if (!(kept?.session?.until > Date.now())) return null;
      return { ...kept, stranger: kept.user !== this.#user };
    } catch {
      return null;  // storage may be denied, and then a reload begins anew
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
