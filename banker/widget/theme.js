// Derives readable colours from the tenant's: WCAG 2.2 AA contrast for any primary colour.

const DEFAULT = "#0066cc";
const AA = 4.5;

/** A style sheet for `:host` with the custom properties of a theme. */
export function themeSheet(primaryColor) {
  const primary = rgbOf(primaryColor) ?? rgbOf(DEFAULT);
  const onPrimary = contrast(primary, [255, 255, 255]) >= AA ? "#fff" : contrast(primary, [0, 0, 0]) >= AA ? "#000" : "#fff";
  const tint = primary.map((part) => Math.round(255 - (255 - part) * 0.1));
  // As text and border, on white and on its tint, the colour may need to be darker than as a surface.
  let accent = primary;
  while (contrast(accent.map(Math.round), tint) < AA) accent = accent.map((part) => part * 0.94);
  return `:host { --primary: ${css(primary)}; --on-primary: ${onPrimary}; --accent: ${css(accent)}; --tint: ${css(tint)}; }`;
}

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
