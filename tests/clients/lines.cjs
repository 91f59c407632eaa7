// What the client programs share: JSON lines in and out. tests/clients/client.py has the other end.
const { createInterface } = require("node:readline");

exports.tell = (message) => process.stdout.write(JSON.stringify(message) + "\n");

// `handlers` by the name of a line's only member; the program ends with its input.
exports.listen = (handlers) => {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    for (const [name, value] of Object.entries(JSON.parse(line))) handlers[name](value);
  });
  lines.on("close", () => process.exit(0));
};

// Calls `send` with the next piece that was queued, or undefined in silence, every `milliseconds` on the clock.
exports.pace = (milliseconds, queue, send) => {
  const origin = performance.now();
  let sent = 0;
  setInterval(() => {
    for (; sent * milliseconds <= performance.now() - origin; sent += 1) send(queue.shift());
  }, milliseconds / 2);
};
