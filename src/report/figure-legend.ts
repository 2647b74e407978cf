import { lookup } from "./figure-scales.js";
import { colours, dashes, fontSize, markers, type Part } from "./figure-style.js";
import { textWidth } from "./font.js";

/** A piece of line with its marker, which Vega's own legend does not draw. */
export function legend(labels: readonly string[], lines: boolean, width: number): Part {
  const half = lines ? 16 : 5; // of the symbol [px]; Vega lays out as if it were 5
  const gap = 18;
  const longest = Math.max(0, ...labels.map((label) => textWidth(label, fontSize)));
  const columns = Math.floor((width + gap) / (2 * half + 6 + longest + gap));
  const byLabel = (result: (i: number) => unknown) => ({
    value: { expr: lookup(labels, (_, i) => result(i)) },
  });
  return {
    orient: "top",
    title: null,
    direction: "horizontal",
    columns: Math.max(1, Math.min(columns, labels.length)),
    columnPadding: gap + 2 * (half - 5),
    rowPadding: 6,
    offset: 10,
    padding: 0,
    labelLimit: 0,
    labelOffset: 6 + half - 5,
    symbolOffset: half - 5,
    symbolSize: 100,
    encoding: {
      symbols: {
        shape: byLabel(
          (i) =>
            (lines ? dashedPath(dashes[i % dashes.length]!, half) : "") +
            markers[i % markers.length]!.path,
        ),
        fill: byLabel((i) => colours[i % colours.length]),
        fillOpacity: { value: 1 },
        opacity: { value: 1 },
        strokeWidth: { value: 2 },
      },
    },
  };
}

/** A dashed line as a path, so that the marker's own outline stays whole; Vega's unit is 5 px. */
function dashedPath(dash: readonly number[], half: number): string {
  let path = "";
  for (let at = -half, i = 0; at < half; at += dash[i++ % dash.length]!) {
    const end = Math.min(half, at + dash[i % dash.length]!);
    if (i % 2 === 0) path += `M${at / 5},0H${end / 5}`;
  }
  return path;
}
