/** Figures as files: SVG and PDF in vectors, PNG at 600 dots per inch, and the CSV beside each. */
import { createRequire } from "node:module";
import { crc32 } from "node:zlib";
import { Resvg } from "@resvg/resvg-js";
import pdfmake from "pdfmake";
import { csvLine } from "./csv.js";
import type { CurveRun, Quantity } from "./curves.js";
import { placeY, yScales } from "./curves.js";
import { fontOptions } from "./font.js";
import { columnWidthPt, type PaperFigure, pixelsPerPoint } from "./paper-figure.js";
import { renderVega } from "./render.js";

export const figureFormats = ["svg", "png", "pdf"] as const;
export type FigureFormat = (typeof figureFormats)[number];

const dotsPerInch = 600;
const pointsPerInch = 72;
const require = createRequire(import.meta.url);

export async function figureFile(
  figure: PaperFigure,
  format: FigureFormat,
): Promise<string | Uint8Array> {
  const svg = await renderVega(figure.spec);
  if (format === "pdf") return pdf(svg);
  return format === "png" ? png(svg) : outlined(svg);
}

/** Letters become outlines, so that the figure needs no font, and the size is one of paper. */
function outlined(svg: string): string {
  const plain = new Resvg(svg, { font: fontOptions(svg) }).toString();
  return plain.replace(
    /(?<=^<svg[^>]* (?:width|height)=")[\d.]+/g,
    (pixels) => `${Number(pixels) / pixelsPerPoint}pt`,
  );
}

function png(svg: string): Uint8Array {
  const width = Math.round((columnWidthPt / pointsPerInch) * dotsPerInch);
  const image = new Resvg(svg, {
    background: "white",
    fitTo: { mode: "width", value: width },
    font: fontOptions(svg),
  });
  return withDensity(image.render().asPng(), dotsPerInch);
}

/** Adds the chunk pHYs, behind the header of 33 bytes (PNG specification, 11.3.4.3). */
function withDensity(image: Uint8Array, perInch: number): Uint8Array {
  const perMetre = Math.round(perInch / 0.0254);
  const chunk = Buffer.alloc(21);
  chunk.writeUInt32BE(9, 0);
  chunk.write("pHYs", 4, "latin1");
  chunk.writeUInt32BE(perMetre, 8);
  chunk.writeUInt32BE(perMetre, 12);
  chunk.writeUInt8(1, 16); // the unit is the metre
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 17)), 17);
  return Buffer.concat([image.subarray(0, 33), chunk, image.subarray(33)]);
}

/** The used letters of the font are embedded. */
async function pdf(svg: string): Promise<Uint8Array> {
  const [, width, height] = /<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? [];
  const [normal, bold] = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((file) =>
    require.resolve(`dejavu-fonts-ttf/ttf/${file}`),
  );
  pdfmake.setFonts({ "DejaVu Sans": { normal, bold } });
  pdfmake.setUrlAccessPolicy(() => false);
  pdfmake.setLocalAccessPolicy((path) => path === normal || path === bold);
  const document = pdfmake.createPdf({
    version: "1.4",
    pageSize: {
      width: Number(width) / pixelsPerPoint,
      height: Number(height) / pixelsPerPoint,
    },
    pageMargins: 0,
    content: [{ svg, width: Number(width) / pixelsPerPoint }],
    defaultStyle: { font: "DejaVu Sans" },
    // The same run gives the same file.
    info: { creator: "Weightlink", creationDate: new Date(0) },
  });
  return document.getBuffer();
}

const columns: Readonly<Record<Quantity, string>> = {
  accuracy: "accuracyPercent",
  "error-rate": "errorRatePercent",
  nmse: "nmseDb",
  gain: "gainPercentagePoints",
};

/** What the figure shows, one row per point and estimator, in the units of its axes. */
export function figureCsv(figure: PaperFigure, runs: readonly CurveRun[]): string {
  const { quantity, x } = figure.choice;
  const [scale] = yScales(quantity);
  const paths = [...new Set(figure.points.flatMap((p) => Object.keys(p.parameters)))];
  const place = (value: number | null) => (value === null ? undefined : placeY(value, scale));
  const column = columns[quantity];
  const rows = figure.points.map((p) => [
    runs[p.run].label,
    p.estimator,
    ...paths.map((path) => p.parameters[path]),
    ...(x.measured ? [p.x] : []),
    place(p.y),
    place(p.low),
    place(p.high),
    p.trials,
  ]);
  const header = [
    "run",
    "estimator",
    ...paths,
    ...(x.measured ? [x.key] : []),
    column,
    `${column}Low95`,
    `${column}High95`,
    "trials",
  ];
  return [header, ...rows].map(csvLine).join("");
}
