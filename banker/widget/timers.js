// Named timers: setting one again replaces it.

export class Timers {
  #running = new Map();

  has(name) { return this.#running.has(name); }

  set(name, milliseconds, work) {
    this.cancel(name);
    this.#running.set(name, setTimeout(() => { this.#running.delete(name); work(); }, milliseconds));
  }

  cancel(name) {
    clearTimeout(this.#running.get(name));
    this.#running.delete(name);
  }

  clear() {
    this.#running.forEach((timer) => clearTimeout(timer));
    this.#running.clear();
  }
}
