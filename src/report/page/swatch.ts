/// <reference lib="dom" />
/** A piece of a curve beside its name: line with marker, or the part of these that has a meaning. */
import type { Look } from "../curve-series.js";
import { theme } from "./theme.js";

const svgNamespace = "http://www.w3.org/2000/svg";
const paths: Readonly<Record<string, string>> = {
  circle: "M4,0A4,4,0,1,1,-4,0A4,4,0,1,1,4,0Z",
  square: "M-3.6,-3.6H3.6V3.6H-3.6Z",
  "triangle-up": "M0,-4.2L4.4,3.6H-4.4Z",
  diamond: "M0,-5L3.8,0L0,5L-3.8,0Z",
  "triangle-down": "M0,4.2L4.4,-3.6H-4.4Z",
  cross: "M-4.6,-1.6H-1.6V-4.6H1.6V-1.6H4.6V1.6H1.6V4.6H-1.6V1.6H-4.6Z",
};

/** "form": dash and marker, in ink; "colour": a plain line in its colour; "marker": that, in its colour. */
export function swatch(look: Look, part: "all" | "colour" | "form" | "marker"): SVGElement {
  const colour = part === "form" ? theme().style.ink : look.colour;
  const half = part === "marker" ? 6 : 17;
  const svg = svgElement("svg", {
    width: String(2 * half),
    height: "12",
    viewBox: `${-half} -6 ${2 * half} 12`,
    "aria-hidden": "true",
  });
  const line = svgElement("path", {
    d: "M-16,0H16",
    stroke: colour,
    "stroke-width": part === "colour" ? "4" : "2",
    "stroke-dasharray": part === "colour" ? "none" : look.dash.join(" "),
    fill: "none",
  });
  if (part !== "marker") svg.append(line);
  if (part !== "colour") svg.append(svgElement("path", { d: paths[look.marker], fill: colour }));
  return svg;
}

function svgElement(tag: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const made = document.createElementNS(svgNamespace, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
