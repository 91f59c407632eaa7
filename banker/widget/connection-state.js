// How a conversation is carried, as a table of transitions; docs/architecture.md has its picture.
//
//   opening   the WebSocket is being opened
//   waiting   it is open; no call has been asked for yet (the user reads the consent)
//   calling   the first attempt at a call by voice goes on
//   text      no voice for now: the conversation goes on over the WebSocket, and voice is tried again behind it
//   voice     the call is connected; the WebSocket may close
//   lost      neither carries anything; reconnecting
//   over      ended, or left

const TRANSITIONS = {
  opening: { opened: "waiting", broken: "lost" },
  waiting: { called: "calling", calledInText: "text", broken: "lost" },
  calling: { connected: "voice", unheard: "text", broken: "lost" },
  text: { connected: "voice", broken: "lost" },
  voice: { broken: "lost" },
  lost: { opened: "waiting" },
  over: {},
};

export class ConnectionState {
  #name = "opening";

  get name() { return this.#name; }

  is(...names) { return names.includes(this.#name); }

  /** Apply an event. Returns whether the state has changed: an event that means nothing in this state is ignored. */
  on(event) {
    const next = event === "closed" ? "over" : TRANSITIONS[this.#name][event];
    if (next === undefined || next === this.#name) return false;
    this.#name = next;
    return true;
  }
}
