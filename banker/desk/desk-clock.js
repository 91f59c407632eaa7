// Ticks every second, also in a hidden tab, whose own timers browsers slow down to one a minute. Runs as a worker.

setInterval(() => postMessage(0), 1_000);
