// The parts of a conversation: idle, consent, stage, log, question and end.

/** The face shrinks to a header, and leaves its room to the log. */
const compact = (card) => `
  ${card} .frame { grid-template-areas: "stage actions" "notice notice" "main main" "dock dock"; grid-template-rows: auto auto minmax(0, 1fr) auto; }
  ${card} .name { position: absolute; width: 1px; min-height: 0; height: 1px; padding: 0; overflow: hidden; clip-path: inset(50%); }
  ${card} .stage { grid-template-columns: auto minmax(0, 1fr); justify-items: start; align-items: center; gap: .2rem .8rem; min-height: 4rem; padding: .4rem 0; padding-inline-start: 1.1rem; border-bottom: 1px solid var(--line); }
  ${card} .stage:not(:has(.face:not([hidden]))) { grid-template-columns: minmax(0, 1fr); }
  ${card} .face { width: 3rem; }
  ${card} .doing { grid-template-columns: minmax(0, auto) auto 1fr; gap: 0 .5rem; min-height: 0; }
  ${card} .doing .state { grid-area: 1 / 1; padding: 0; border: 0; background: none; min-height: 1.5rem; line-height: 1.25; min-width: 0; }
  ${card} .doing .state span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  ${card} .left { grid-area: 2 / 1; justify-self: start; font-size: .8rem; line-height: 1.2; }
  ${card} .doing button { grid-area: 1 / 2 / 3 / 2; }
  ${card} .listen { grid-column: 1 / -1; }
  ${card} .notice.shown { margin-block-end: .5rem; }
`;
const CALL = '.card[data-view="call"]';
const FULL = `${CALL}:has(:is(.question, .step-up, .settings, .notice .row):not([hidden]))`;

export const VIEWS = `
.idle { text-align: center; justify-items: center; padding: 1.5rem 1.25rem; }
.portrait { display: grid; place-items: center; width: 7.5rem; aspect-ratio: 1; border-radius: 50%; background: var(--tint); color: var(--accent); overflow: hidden; flex: none; }
.portrait canvas { width: 100%; height: 100%; }
.idle .portrait { box-shadow: 0 0 0 3px var(--surface), 0 0 0 5px var(--line); }
@container (max-width: 22rem) { ${CALL} .save { display: none; } .idle .portrait { width: 5.5rem; } }
.portrait svg { width: 45%; height: 45%; }
.asking { display: grid; gap: .4rem; width: 100%; max-width: 20rem; }
.examples { list-style: none; display: grid; gap: .4rem; }
.examples button { width: 100%; min-height: 2.5rem; border-color: var(--line); border-radius: 1.3rem; background: var(--tint); font-weight: 450; padding-block: .35rem; }
.examples button:hover { border-color: var(--accent); }
.ways { display: grid; gap: .25rem; width: 100%; max-width: 20rem; }
.consent p { padding: .9rem 1rem; border-inline-start: 4px solid var(--accent); border-radius: .7rem; border-start-start-radius: .2rem; border-end-start-radius: .2rem; background: var(--tint); }
.consent:focus-visible { outline-offset: -.45rem; border-radius: var(--radius); }

.stage { display: grid; grid-template-columns: minmax(0, 1fr); justify-items: center; gap: .3rem; padding: 1rem 1.1rem .25rem; }
.face { width: min(10.5rem, 32cqh); min-width: 3rem; aspect-ratio: 1; border-radius: 50%; background: var(--tint); box-shadow: 0 0 0 3px var(--surface), 0 0 0 5px var(--line); flex: none; }
.face { position: relative; container-type: inline-size; }
.face .portrait { position: absolute; inset: 0; width: 100%; }
.card[data-state="connecting"] .face video { opacity: 0; }
.face video { position: relative; display: block; width: 100%; height: 100%; border-radius: 50%; object-fit: cover; }
.face .person { position: absolute; inset: 0; display: grid; place-items: center; width: 100%; height: 100%; border-radius: 50%; background: var(--primary); color: var(--on-primary); font-size: 33cqi; line-height: 1; font-weight: 600; }
.card[data-state="speaking"] .face { box-shadow: 0 0 0 3px var(--surface), 0 0 0 6px var(--primary); }
.doing { display: grid; grid-template-columns: 1fr auto 1fr; justify-self: stretch; align-items: center; gap: .5rem; min-height: 2.75rem; }
.doing .state { grid-column: 2; }
.doing button { grid-area: 1 / 1; justify-self: start; min-height: 2.25rem; min-width: 2.25rem; border-color: var(--edge); }
.left { white-space: nowrap; grid-column: 3; justify-self: end; text-align: end; color: var(--quiet); font-size: .85rem; font-variant-numeric: tabular-nums; }
.state { display: inline-flex; align-items: center; gap: .5rem; min-height: 1.9rem; padding: .15rem .8rem; border-radius: 1rem; background: var(--soft); color: var(--quiet); font-size: .9rem; }
.state::before { content: ""; flex: none; width: .55rem; height: .55rem; border-radius: 50%; background: var(--edge); }
.card[data-state="listening"] .state::before { background: var(--good); }
.card[data-state="speaking"] .state::before { background: var(--accent); }
.card[data-state="thinking"] .state::before { background: var(--busy); animation: pulse 1s ease-in-out infinite alternate; }
@keyframes pulse { to { opacity: .25; } }

.log { position: relative; overflow-y: auto; overflow-anchor: none; overscroll-behavior: contain; padding-inline: 1.1rem .35rem; scrollbar-gutter: stable; scrollbar-width: thin; min-height: 0; scrollbar-color: var(--line) transparent; }
.log:focus-visible { outline-offset: -3px; box-shadow: none; }
.lines { list-style: none; margin: 0; padding: .5rem 0; display: flex; flex-direction: column; gap: .5rem; min-height: 100%; justify-content: end; }
.lines li { max-width: 88%; padding: .5rem .8rem; border-radius: 1rem; border-end-start-radius: .25rem; background: var(--soft); align-self: flex-start; user-select: text; -webkit-user-select: text; }
.lines li.user { align-self: flex-end; border-radius: 1rem; border-end-end-radius: .25rem; background: var(--tint); }
.lines li.partial { color: var(--quiet); }
.sending { display: block; margin-top: .25rem; color: var(--quiet); font-size: .85rem; }
.newer { position: sticky; bottom: .5rem; display: flex; margin: 0 auto; min-height: 2.25rem; box-shadow: 0 .2rem .6rem var(--shade); }
.links { display: grid; justify-items: start; gap: .25rem; margin-top: .35rem; font-size: .9rem; }
.who { display: block; font-size: .8rem; font-weight: 600; color: var(--quiet); }
.value { all: unset; display: inline; font-weight: 600; border-bottom: 1px dotted var(--edge); cursor: copy; }
.value:hover { color: var(--accent); border-color: var(--accent); }
.value:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: .15rem; }
.value[data-copied]::after { content: " " attr(data-copied); font-weight: 400; font-size: .8rem; color: var(--good); }

.question, .step-up { display: flex; flex-direction: column; gap: .7rem; padding: .9rem; border: 2px solid var(--accent); border-radius: .9rem; background: var(--tint); max-height: 45cqh; }
.question > *, .step-up > * { flex: none; }
.question > p, .step-up > p, .fields { flex: 0 1 auto; min-height: 1.5rem; overflow-y: auto; }
.question p { font-weight: 550; }
.fields { display: grid; grid-template-columns: fit-content(45%) minmax(0, 1fr); align-items: baseline; gap: .35rem 1rem; }
.fields div { display: contents; }
dt { color: var(--quiet); font-size: .9rem; }
dd { font-weight: 600; font-variant-numeric: tabular-nums; }
dd::first-letter { text-transform: uppercase; }

.hold { user-select: none; -webkit-user-select: none; touch-action: none; }
.card[data-line="text"] .voice { display: none; }
.ear { display: grid; place-items: center; border-radius: 50%; box-shadow: 0 0 0 calc(var(--level, 0) * .5rem) color-mix(in srgb, var(--good) 45%, transparent); transition: box-shadow .1s linear; }

[data-view="over"] .log { min-height: 10rem; }
.end-summary { display: grid; gap: .5rem; padding: .9rem 1.1rem .4rem; border-bottom: 1px solid var(--line); }
.done { padding-inline-start: 1.2rem; }
.done li::marker { content: "✓  "; color: var(--good); }
.rating .asked { flex: 1; font-weight: 550; }
.rating > button { flex: none; }
.rating .down svg { transform: scale(1, -1); }

@media (max-width: 40rem), (max-height: 30rem) { ${compact(CALL)} }
@container (max-height: 34rem) { ${compact(CALL)} }
@container (max-height: 46rem) { ${compact(FULL)} }
@media (forced-colors: active) {
  .state::before, .face { forced-color-adjust: none; } button.on, button[aria-pressed="true"] { outline: 2px solid; }
  .lines li, .notice.shown, .state { border: 1px solid; } .ear { box-shadow: none; outline: calc(var(--level, 0) * .4rem) solid Highlight; }
}
`;
