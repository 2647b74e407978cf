/** Draws Vega and Vega-Lite specifications without a browser. */
import { Resvg } from "@resvg/resvg-js";
import * as vega from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { fontOptions, textWidth } from "./font.js";

export function renderSvg(spec: TopLevelSpec): Promise<string> {
  return renderVega(compile(spec).spec);
}

export async function renderVega(spec: vega.Spec): Promise<string> {
  // Without a canvas Vega takes 0.8 em for every letter. This is the hook it leaves for others.
  const { textMetrics } = vega as unknown as {
    textMetrics: { width: (item: TextItem, value: unknown) => number };
  };
  textMetrics.width = (item, value) =>
    textWidth(String(value ?? ""), item.fontSize ?? 11, isBold(item.fontWeight));
  const view = new vega.View(vega.parse(spec), { renderer: "none" });
  try {
    return numberedFromZero(await view.toSVG());
  } finally {
    view.finalize();
  }
}

/** Vega counts clip paths through the process; the same run is to give the same file. */
function numberedFromZero(svg: string): string {
  const ids = [...new Set(svg.match(/(?<=id="clip)\d+(?=")/g))];
  return svg.replace(/(?<=id="clip|url\(#clip)\d+/g, (id) => String(ids.indexOf(id)));
}

/** Twice the SVG's size in pixels, which prints at 190 dots per inch. */
export function renderPng(svg: string): Uint8Array {
  const image = new Resvg(svg, {
    background: "white",
    fitTo: { mode: "zoom", value: 2 },
    font: fontOptions(svg),
  });
  return image.render().asPng();
}

interface TextItem {
  readonly fontSize?: number;
  readonly fontWeight?: string | number;
}

function isBold(weight: string | number | undefined): boolean {
  return weight === "bold" || Number(weight) >= 600;
}
