// The widget's icons.

const SVG = "http://www.w3.org/2000/svg";

export const MICROPHONE = ["M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3z", "M5.500 11a6.500 6.500 0 0 0 13 0", "M12 17.500V21"];
export const CROSSED = [...MICROPHONE, "M4 3l16 18"];
export const TALK = ["M4 5h12a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2h-6l-4 4v-4H4a2 2 0 0 1-2-2V7a2 2 0 0 1 2-2z", "M20 9a2 2 0 0 1 2 2v9l-3-2h-5", "M6 9h8M6 11.800h5"];
export const GEAR = ["M4 7h10M18 7h2M4 17h2M10 17h10", "M16 5v4M8 15v4"];
export const SEND = ["M4 12 20 4l-5 16-3.500-6.500z"];
export const STOP = ["M6 6h12v12H6z"];
export const DOWN = ["M12 4v11M7.500 11l4.500 4.500 4.500-4.500", "M5 20h14"];
export const PHONE = ["M3 14c5-5 13-5 18 0l-2 3-4-1.500v-2.300a10 10 0 0 0-6 0v2.300L5 17z"];

export const CLOSE = ["M6 9.500l6 6 6-6"];
export const THUMB = ["M8 11l3.500-7.500c1.400 0 2.500 1 2.500 2.500v3.500h4.500a2 2 0 0 1 2 2.300l-1 6.500a2 2 0 0 1-2 1.700H8", "M8 11v9H4.500V11z"];

/** A 24x24 icon of strokes in the colour of the surrounding text. */
export function icon(...paths) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" })) {
    svg.setAttribute(key, value);
  }
  for (const d of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
