// Derives readable colours from the tenant's: WCAG 2.2 AA contrast for any primary colour.

const DEFAULT = "#0066cc";
const AA = 4.5;

/** The dark surface on which accents are read; style-colors.js has the same. */
const DARK = [24, 33, 43];
const WHITE = [255, 255, 255];

/** A style sheet for `:host` with the custom properties of a theme, for a light and a dark surface. */
export function themeSheet(primaryColor) {
  const primary = rgbOf(primaryColor) ?? rgbOf(DEFAULT);
  const onPrimary = contrast(primary, WHITE) >= AA ? "#fff" : contrast(primary, [0, 0, 0]) >= AA ? "#000" : "#fff";
  const light = mixed(WHITE, primary, 0.1).map(Math.round);
  const dark = mixed(DARK, primary, 0.2).map(Math.round);
  // As text and border, on the surface and on its tint, the colour may need to be darker or lighter than as a surface.
  const accentLight = readable(primary, [WHITE, light], [0, 0, 0]);
  const accentDark = readable(primary, [DARK, dark], WHITE);
  const values = { primary: css(primary), "on-primary": onPrimary, "accent-light": css(accentLight), "tint-light": css(light), "accent-dark": css(accentDark), "tint-dark": css(dark) };
  return `:host { ${Object.entries(values).map(([name, value]) => `--${name}: ${value};`).join(" ")} }`;
}

function readable(color, surfaces, towards) {
  let accent = color;
  while (surfaces.some((surface) => contrast(accent.map(Math.round), surface) < AA)) accent = mixed(accent, towards, 0.06);
  return accent;
}

/** `share` of the other colour in one. */
function mixed(one, other, share) { return one.map((part, index) => part + (other[index] - part) * share); }

/** WCAG's contrast ratio of two colours, 1 to 21 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio). */
export function contrast(one, other) {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(rgb) {
  const [r, g, b] = rgb.map((part) => part / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Any opaque CSS colour as [r, g, b], parsed by a canvas; null if it is not a colour. */
function rgbOf(color) {
  if (!CSS.supports("color", color ?? "")) return null;
  const canvas = document.createElement("canvas").getContext("2d");
  if (!canvas) return null;
  canvas.fillStyle = color;
  const hex = /^#(..)(..)(..)$/.exec(canvas.fillStyle);
  return hex && hex.slice(1).map((part) => parseInt(part, 16));
}

function css(rgb) {
  return `rgb(${rgb.map(Math.round).join(" ")})`;
}
