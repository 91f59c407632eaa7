// Buttons, fields, and what may be inside any part of the card.

export const CONTROLS = `
* { box-sizing: border-box; }
p, h2, h3, dl, dd, ul { margin: 0; padding: 0; }
h3 { font-size: 1rem; line-height: 1.35; }
[dir="auto"]:not(textarea) { text-align: -webkit-match-parent; text-align: match-parent; }
.small { font-size: .875rem; color: var(--quiet); }
svg { width: 1.25rem; height: 1.25rem; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; flex: none; }
.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

button {
  display: inline-flex; align-items: center; justify-content: center; gap: .5rem; min-height: 2.75rem; padding: .45rem 1rem;
  border: 1px solid var(--edge); border-radius: calc(var(--radius) * .64); background: var(--surface); color: var(--ink); font: inherit; font-weight: 550;
  letter-spacing: inherit; cursor: pointer; touch-action: manipulation;
}
button:hover { background: var(--tint); }
button.main { background: var(--primary); border-color: var(--accent); color: var(--on-primary); }
button.main:hover { box-shadow: inset 0 0 0 2px var(--on-primary); }
button.solid svg { fill: currentColor; width: 1rem; height: 1rem; }
button.end { color: var(--bad); border-color: var(--bad); }
button.end:hover { background: var(--bad-soft); }
button.bare { border-color: transparent; background: none; padding: .45rem; min-width: 2.75rem; }
button.bare:hover { background: var(--tint); }
button.plain { border-color: transparent; background: none; color: var(--accent); }
button.plain:hover { background: var(--tint); }
button.on, button[aria-expanded="true"]:not(.bubble), button[aria-pressed="true"] { background: var(--tint); border-color: var(--accent); color: var(--accent); }
button:disabled, button[aria-disabled="true"] { color: var(--quiet); background: var(--soft); border-color: var(--line); cursor: default; box-shadow: none; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; box-shadow: 0 0 0 2px var(--surface); }
a { color: var(--accent); }
.row { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
.row > button { flex: 1 1 auto; }
.bar > button { flex: 1 1 7rem; }  /* of one width, so that nothing moves when Mute becomes Unmute */

form { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: .25rem .5rem; align-items: end; }
.words {
  min-height: 2.75rem; max-height: 8.5rem; padding: .6rem .8rem; border: 1px solid var(--edge); border-radius: calc(var(--radius) * .64);
  background: var(--surface); color: inherit; font: inherit; line-height: 1.4; resize: none; overflow-y: auto;
}
.words::placeholder { color: var(--quiet); opacity: 1; }
.words:focus-visible { outline-offset: 0; }
.counter { grid-column: 1 / -1; font-size: .8rem; color: var(--quiet); font-variant-numeric: tabular-nums; }
:host(:dir(rtl)) .send svg { transform: scaleX(-1); }

.settings label { display: grid; gap: .25rem; font-size: .9rem; grid-template-columns: minmax(0, 1fr); }
.settings label.check { display: flex; align-items: center; gap: .6rem; min-height: 1.75rem; }
.settings input[type="checkbox"] { width: 1.25rem; height: 1.25rem; margin: 0; accent-color: var(--accent); flex: none; }
select { min-height: 2.5rem; width: 100%; border: 1px solid var(--edge); border-radius: .6rem; background: var(--surface); color: inherit; font: inherit; padding: .25rem .5rem; }
meter { width: 100%; height: .8rem; }
`;
