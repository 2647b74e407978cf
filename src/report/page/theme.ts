/// <reference lib="dom" />
/** Colours of charts in light and in dark; each stands out from the ground by 3 to 1 and more. */
import type { Looks } from "../curve-series.js";
import type { ChartStyle } from "../curve-spec.js";

export interface Theme {
  readonly style: ChartStyle;
  readonly looks: Looks;
}

const dark = matchMedia("(prefers-color-scheme: dark)");

export function onThemeChange(redraw: () => void): void {
  dark.addEventListener("change", redraw);
}

const forms = {
  // Lengths without a common divisor: the combinations repeat only after 210 curves.
  dashes: [
    [1, 0],
    [7, 3],
    [2, 2],
    [10, 3, 2, 3],
    [4, 2],
  ],
  markers: ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross"],
};

const sizes = {
  font: 'system-ui, "Segoe UI", "DejaVu Sans", Verdana, sans-serif',
  fontSize: 12,
  titleSize: 13,
  lineWidth: 2,
  markerArea: 46,
  bandOpacity: 0.16,
  edge: 14,
  characterWidth: 0.6,
};

const light: Theme = {
  style: { ...sizes, ink: "#1c2024", faint: "#545b63", grid: "#e7eaed", ground: "#ffffff" },
  looks: {
    ...forms,
    colours: ["#0069a8", "#c24e00", "#007d57", "#a4457f", "#8a6500", "#2f7ea8", "#4d4d4d"],
  },
};

const night: Theme = {
  style: { ...sizes, ink: "#e6e8ea", faint: "#a9b0b7", grid: "#2b3036", ground: "#15181b" },
  looks: {
    ...forms,
    colours: ["#5cb3ec", "#f2925a", "#3cc79a", "#e592c3", "#dcb23c", "#9cc6dd", "#c9cdd1"],
  },
};

export function theme(): Theme {
  return dark.matches ? night : light;
}
