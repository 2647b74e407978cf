/** Colours, dashes, markers and type sizes of figures. */
import { fontFamily } from "./font.js";

/** A piece of a Vega-Lite specification. */
export type Part = Readonly<Record<string, unknown>>;

// Lengths without a common divisor: the combinations repeat only after 210 estimators.
export const colours = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#444444",
];
export const dashes = [
  [1, 0],
  [7, 3],
  [2, 2],
  [10, 3, 2, 3],
  [4, 2],
];
export const markers = [
  { shape: "circle", path: "M.6,0A.6,.6,0,1,1,-.6,0A.6,.6,0,1,1,.6,0Z" },
  { shape: "square", path: "M-.55,-.55H.55V.55H-.55Z" },
  { shape: "triangle-up", path: "M0,-.6L.6,.5H-.6Z" },
  { shape: "diamond", path: "M0,-.75L.6,0L0,.75L-.6,0Z" },
  { shape: "triangle-down", path: "M0,.6L.6,-.5H-.6Z" },
  { shape: "cross", path: "M-.8,-.1H-.1V-.8H.1V-.1H.8V.1H.1V.8H-.1V.1H-.8Z" },
];
export const fontSize = 12;
export const titleSize = 13;
export const headingSize = 15;
export const axisWidth = 50; // y axis with its labels and title [px]
export const margin = 55; // names of the rules, right of a panel [px]
export const ink = "#222222";
export const faintInk = "#555555";

/**
 * What each label of a field has of `range`. A scale would say the same, but Vega-Lite would draw its legend
 * into ours.
 */
export function byLabel(field: string, labels: readonly string[], range: readonly unknown[]): Part {
  const condition = labels.map((label, i) => ({
    test: `datum.${field} === ${JSON.stringify(label)}`,
    value: range[i % range.length],
  }));
  return { condition, value: range[0] };
}

export const config = {
  font: fontFamily,
  aria: false,
  view: { stroke: "#bbbbbb" },
  title: {
    anchor: "start",
    fontSize: headingSize,
    fontWeight: "bold",
    color: ink,
    subtitleFontSize: fontSize,
    subtitleColor: faintInk,
    subtitlePadding: 5,
    offset: 12,
  },
  axis: {
    labelFontSize: fontSize,
    labelColor: ink,
    titleFontSize: titleSize,
    titleFontWeight: "normal",
    titleColor: ink,
    titlePadding: 8,
    gridColor: "#e6e6e6",
    domainColor: "#888888",
    tickColor: "#888888",
  },
  header: { labelColor: ink, labelFontWeight: "bold" },
  legend: { labelFontSize: fontSize, labelColor: ink },
};

/** Panels in a row. Four stand in two rows: axes are drawn below places that are left empty, too. */
export function panelColumns(panels: number): number {
  if (panels <= 1) return 1;
  return panels === 2 || panels === 4 ? 2 : 3;
}
