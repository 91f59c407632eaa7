// The widget's styles. A constructable style sheet needs no 'unsafe-inline' in the page's Content-Security-Policy.

import { COLORS } from "./style-colors.js";
import { CONTROLS } from "./style-controls.js";
import { FRAME } from "./style-frame.js";
import { VIEWS } from "./style-views.js";

export const STYLE = COLORS + CONTROLS + FRAME + VIEWS;
