// The widget's styles. A constructable style sheet needs no 'unsafe-inline' in the page's Content-Security-Policy.

export const STYLE = `
:host {
  --ink: #172433; --quiet: #51606f; --line: #d5dee8; --edge: #7a8998; --soft: #f4f7fa; --bad: #8a1c1c; --bad-soft: #fdecec;
  display: block; color: var(--ink); font: 1rem/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; text-align: start; overflow-wrap: anywhere;
}
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; }
.card { background: #fff; border: 1px solid var(--line); border-radius: 1.1rem; box-shadow: 0 .4rem 1.6rem #17243314; overflow: hidden; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: .15rem; min-height: 4rem; padding-block: .4rem; padding-inline: 1.1rem .6rem; border-bottom: 1px solid var(--line); }
h2 { margin: 0; flex: 1 1 5rem; font-size: 1.05rem; line-height: 1.3; }
p { margin: 0; }
.left { margin-inline-end: .4rem; color: var(--quiet); font-size: .85rem; font-variant-numeric: tabular-nums; }
.view { padding: 1.1rem; display: grid; gap: .9rem; }
.view, .stage, .question, .step-up, .settings, .settings label, .notice { grid-template-columns: minmax(0, 1fr); }  /* long words break */
svg { width: 1.25rem; height: 1.25rem; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; flex: none; }

button {
  display: inline-flex; align-items: center; justify-content: center; gap: .5rem; min-height: 2.75rem; padding: .45rem 1rem;
  border: 1px solid var(--edge); border-radius: .7rem; background: #fff; color: var(--ink); font: inherit; font-weight: 550; cursor: pointer;
  touch-action: manipulation;
}
button:hover { background: var(--tint); }
button.main { background: var(--primary); border-color: var(--accent); color: var(--on-primary); }
button.main:hover { box-shadow: inset 0 0 0 2px var(--on-primary); }
button.solid svg { fill: currentColor; width: 1rem; height: 1rem; }
button.end { color: var(--bad); border-color: var(--bad); }
button.end:hover { background: var(--bad-soft); }
button.bare { border-color: transparent; padding: .45rem; min-width: 2.75rem; }
button.on, button[aria-expanded="true"] { background: var(--tint); border-color: var(--accent); color: var(--accent); }
button:disabled, button[aria-disabled="true"] { color: #5f6b78; background: var(--soft); border-color: var(--line); cursor: default; box-shadow: none; }
.consent:focus-visible { outline-offset: -.45rem; border-radius: 1.1rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; box-shadow: 0 0 0 2px #fff; }
.words:focus-visible { outline-offset: 0; }
.row { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
.row > button { flex: 1 1 auto; }

.idle { text-align: center; justify-items: center; padding: 1.6rem 1.25rem; }
.emblem { display: grid; place-items: center; width: 4.5rem; height: 4.5rem; border-radius: 50%; background: var(--tint); color: var(--accent); }
.emblem svg { width: 2.2rem; height: 2.2rem; }
.idle button { width: 100%; max-width: 20rem; }
.consent p { padding: .9rem 1rem; border-inline-start: 4px solid var(--accent); border-radius: .7rem; border-start-start-radius: .2rem; border-end-start-radius: .2rem; background: var(--tint); }
h3 { margin: 0; font-size: 1rem; }

.stage { display: grid; justify-items: center; gap: .2rem; }
.face { position: relative; margin-bottom: .3rem; width: min(11rem, 60vw); aspect-ratio: 1; border-radius: 50%; background: var(--tint); box-shadow: 0 0 0 3px #fff, 0 0 0 5px var(--line); }
.face video { display: block; width: 100%; height: 100%; border-radius: 50%; object-fit: cover; }
.card[data-state="speaking"] .face { box-shadow: 0 0 0 3px #fff, 0 0 0 6px var(--primary); }
.doing { display: grid; grid-template-columns: 1fr auto 1fr; justify-self: stretch; align-items: center; gap: .5rem; min-height: 2.75rem; }
.doing .state { grid-column: 2; }
.doing button { justify-self: start; min-height: 2.25rem; min-width: 2.25rem; border-color: var(--edge); }
.state { display: inline-flex; align-items: center; gap: .5rem; min-height: 1.9rem; padding: .15rem .8rem; border-radius: 1rem; background: var(--soft); color: var(--quiet); font-size: .9rem; }
.state::before { content: ""; width: .55rem; height: .55rem; border-radius: 50%; background: var(--edge); }
.card[data-state="listening"] .state::before { background: #18794e; }
.card[data-state="speaking"] .state::before { background: var(--primary); }
.card[data-state="thinking"] .state::before { background: #b25e00; animation: pulse 1s ease-in-out infinite alternate; }
@keyframes pulse { to { opacity: .25; } }

.log { max-height: min(19rem, 45vh); overflow-y: auto; border-radius: .5rem; }
.log:not(:has(li)) { display: none; }
.lines { list-style: none; margin: 0; padding: .25rem 0; display: flex; flex-direction: column; gap: .5rem; }
.lines li { max-width: 88%; padding: .5rem .8rem; border-radius: 1rem; border-end-start-radius: .25rem; background: var(--soft); align-self: flex-start; }
.lines li.user { align-self: flex-end; border-radius: 1rem; border-end-end-radius: .25rem; background: var(--tint); }
.lines li.partial { color: var(--quiet); }
.links { display: grid; justify-items: start; gap: .25rem; margin-top: .35rem; font-size: .9rem; }
.links a { color: var(--accent); }
.who, .unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.question, .step-up { display: grid; gap: .7rem; padding: .9rem; border: 2px solid var(--accent); border-radius: .9rem; background: var(--tint); }
.question p { font-weight: 600; }
.step-up h3 { margin: 0; font-size: 1rem; }
.step-up p { overflow-wrap: anywhere; }
form { display: flex; gap: .5rem; }
.words { flex: 1; min-width: 0; min-height: 2.75rem; padding: .45rem .8rem; border: 1px solid var(--edge); border-radius: .7rem; background: #fff; color: inherit; font: inherit; }
.card[data-line="text"] .voice { display: none; }
.hold { user-select: none; -webkit-user-select: none; touch-action: none; }

.settings { display: grid; gap: .8rem; padding: 1.1rem; background: var(--soft); border-bottom: 1px solid var(--line); }
.settings label { display: grid; gap: .25rem; font-size: .9rem; }
.settings label.check { display: flex; align-items: center; gap: .6rem; min-height: 1.75rem; }
.settings input[type="checkbox"] { width: 1.25rem; height: 1.25rem; accent-color: var(--accent); flex: none; }
select { min-height: 2.5rem; width: 100%; border: 1px solid var(--edge); border-radius: .6rem; background: #fff; color: inherit; font: inherit; padding: .25rem .5rem; }
meter { width: 100%; height: .8rem; }

.notice { display: grid; gap: .7rem; margin: 1.1rem 1.1rem 0; padding: .8rem 1rem; border-radius: .8rem; background: #eef3f8; border-inline-start: 4px solid var(--edge); }
.notice.bad { background: var(--bad-soft); border-color: var(--bad); }
.notice:not(.shown) { margin: 0; padding: 0; border: 0; background: none; gap: 0; }

.call:not([hidden]) + .over { padding-top: 0; }

@media (max-width: 24rem) { header { padding-inline: .9rem .3rem; gap: 0; } .left { font-size: .8rem; } }
@media (max-width: 22rem) { .view { padding: .9rem .75rem; } form { flex-wrap: wrap; } form button, .words { flex: 1 1 100%; } }
@media (prefers-reduced-motion: reduce) { *, *::before { animation: none !important; transition: none !important; } }
@media (forced-colors: active) { .state::before, .face { forced-color-adjust: none; } button.on { outline: 2px solid; } .lines li { border: 1px solid; } }
`;
