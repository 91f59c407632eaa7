// The frame: where the card stands, how high it may be, and its rows. During a call it has a fixed height, and only the
// log scrolls: the field and the buttons below it never move.

export const FRAME = `
:host {
  --radius: var(--banker-radius, 1.1rem);
  display: block; color: var(--ink); font: 1rem/1.45 var(--banker-font, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif);
  text-align: start; overflow-wrap: anywhere;
}
:host([hidden]), [hidden] { display: none !important; }
.card {
  container-type: inline-size; background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius);
  box-shadow: 0 .4rem 1.6rem var(--shade); overflow: hidden;
}
.card.fixed { height: min(var(--banker-height, 42rem), 100dvh); }
[data-view="call"] { container-type: size; }
.frame {
  display: grid; height: 100%; max-height: inherit; grid-template-columns: minmax(0, 1fr) auto; overflow-y: auto;
  grid-template-rows: auto auto auto minmax(0, 1fr) auto; grid-template-areas: "title actions" "notice notice" "stage stage" "main main" "dock dock";
}
header { display: contents; }
.name, .actions { display: flex; align-items: center; gap: .15rem; min-height: 4rem; padding-block: .4rem; border-bottom: 1px solid var(--line); }
.name { grid-area: title; gap: .6rem; padding-inline-start: 1.1rem; }
.actions { grid-area: actions; padding-inline-end: .6rem; }
h2 { font-size: 1.05rem; line-height: 1.3; }
.notice { grid-area: notice; } .stage, .end-summary { grid-area: stage; } .view, .log, .settings { grid-area: main; } .dock { grid-area: dock; }
.view { display: grid; grid-template-columns: minmax(0, 1fr); grid-auto-rows: max-content; align-content: start; gap: .9rem; padding: 1.25rem; overflow-y: auto; }
.settings { display: grid; grid-template-columns: minmax(0, 1fr); align-content: start; gap: .8rem; padding: 1.1rem; background: var(--soft); border-block: 1px solid var(--line); overflow-y: auto; z-index: 1; }
.dock { display: grid; grid-template-columns: minmax(0, 1fr); gap: .6rem; padding: .75rem 1.1rem max(1.1rem, env(safe-area-inset-bottom)); min-height: 0; }
.notice { display: grid; grid-template-columns: minmax(0, 1fr); gap: .6rem; margin: .9rem 1.1rem 0; padding: .7rem 1rem; border-radius: .7rem; border-start-start-radius: .2rem; border-end-start-radius: .2rem; background: var(--soft); border-inline-start: 4px solid var(--edge); }
.notice.bad { background: var(--bad-soft); border-color: var(--bad); }
.notice:not(.shown) { margin: 0; padding: 0; border: 0; background: none; gap: 0; }

.bubble {
  display: none; position: fixed; z-index: var(--banker-z-index, 1000); inset-block-end: max(var(--banker-offset, 1.25rem), env(safe-area-inset-bottom)); inset-inline-end: var(--banker-offset, 1.25rem);
  min-height: 3.75rem; max-width: calc(100vw - 2 * var(--banker-offset, 1.25rem)); padding: .35rem 1.25rem .35rem .4rem; padding-inline: .4rem 1.25rem; gap: .7rem;
  border: 1px solid var(--line); border-radius: 2rem; background: var(--surface); color: var(--ink); box-shadow: 0 .5rem 1.8rem var(--shade); font-weight: 600; text-align: start;
}
.bubble .portrait { width: 3rem; box-shadow: 0 0 0 2px var(--surface), 0 0 0 4px var(--line); }
.shell[data-state="speaking"] .bubble .portrait { box-shadow: 0 0 0 2px var(--surface), 0 0 0 5px var(--primary); }
.shell[data-unread] .bubble::after { content: ""; position: absolute; inset-block-start: .1rem; inset-inline-start: 2.6rem; width: .9rem; height: .9rem; border: 2px solid var(--surface); border-radius: 50%; background: #d92d20; }
.shell[data-minimised] .card { display: none; }
.shell[data-minimised] .bubble { display: inline-flex; }
.minimise { display: none; }
:host([launcher]) .minimise { display: inline-flex; }
:host([launcher]) .card {
  position: fixed; z-index: var(--banker-z-index, 1000); inset-block-end: var(--banker-offset, 1.25rem); inset-inline-end: var(--banker-offset, 1.25rem);
  width: min(25rem, 100vw - 2 * var(--banker-offset, 1.25rem)); max-height: calc(100dvh - 2 * var(--banker-offset, 1.25rem)); box-shadow: 0 1rem 3rem var(--shade);
}
:host([launcher]) .card.fixed { height: min(var(--banker-height, 42rem), 100dvh - 2 * var(--banker-offset, 1.25rem)); }
:host([launcher~="start"]) :is(.card, .bubble) { inset-inline: var(--banker-offset, 1.25rem) auto; }
:host([launcher~="top"]) :is(.card, .bubble) { inset-block: var(--banker-offset, 1.25rem) auto; }

@media (max-width: 40rem), (max-height: 30rem) {
  .card[data-view="call"], :host([launcher]) .card.fixed {
    position: fixed; z-index: var(--banker-z-index, 1000); inset: 0 0 auto; width: auto; height: min(var(--visible, 100dvh), 100dvh); max-height: none;
    border: 0; border-radius: 0; box-shadow: none;
  }
  [data-view="call"] .minimise { display: inline-flex; }
  :host(:not([launcher])) [data-view="over"].fixed { height: auto; }
  :host(:not([launcher])) [data-view="over"] .log { max-height: 60dvh; }
}
@media (max-height: 38rem) { :host([launcher]) .idle .portrait { display: none; } }
@container (max-width: 22rem) { .view { padding: .9rem .75rem; } .dock { padding: .6rem .75rem max(.75rem, env(safe-area-inset-bottom)); } .name { padding-inline-start: .75rem; } .actions { padding-inline-end: .25rem; } .notice { margin-inline: .75rem; } }
@media (prefers-reduced-motion: reduce) { *, *::before { animation: none !important; transition: none !important; } }
`;
