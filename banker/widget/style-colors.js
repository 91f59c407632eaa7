// The widget's colours, light and dark. A page overrides them by the custom properties `--banker-…`.

const LIGHT = `
  color-scheme: light;
  --ink: var(--banker-ink, #172433); --quiet: var(--banker-quiet, #51606f); --surface: var(--banker-surface, #fff); --soft: var(--banker-soft, #f3f6fa);
  --line: var(--banker-line, #d5dee8); --edge: #7a8998; --bad: #8a1c1c; --bad-soft: #fdecec; --good: #18794e; --busy: #b25e00; --shade: #17243326;
  --accent: var(--accent-light); --tint: var(--tint-light);
`;
const DARK = `
  color-scheme: dark;
  --ink: var(--banker-ink, #e9eff6); --quiet: var(--banker-quiet, #b3c0cd); --surface: var(--banker-surface, #18212b); --soft: var(--banker-soft, #232f3b);
  --line: var(--banker-line, #364554); --edge: #8494a4; --bad: #ffaaa3; --bad-soft: #432527; --good: #57c795; --busy: #f2a95a; --shade: #0008;
  --accent: var(--accent-dark); --tint: var(--tint-dark);
`;

export const COLORS = `
:host { all: initial; visibility: inherit; pointer-events: inherit; ${LIGHT} }  /* no other style of the page comes in */
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) { ${DARK} } }
:host([theme="dark"]) { ${DARK} }
`;
