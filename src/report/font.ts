/**
 * The font of figures. It comes with the project, so that the same run gives the same picture
 * on a machine that has no fonts at all. DejaVu Sans has the Greek letters, subscripts and
 * operators that these figures need; Verdana, which it resembles, stands in for it in browsers.
 */
import { createRequire } from "node:module";
import { Resvg, type ResvgRenderOptions } from "@resvg/resvg-js";

export const fontFamily = "DejaVu Sans, Verdana, sans-serif";

const family = "DejaVu Sans";
const require = createRequire(import.meta.url);

/** How resvg finds the font. */
export function fontOptions(svg: string): NonNullable<ResvgRenderOptions["font"]> {
  return {
    fontFiles: ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((file) =>
      require.resolve(`dejavu-fonts-ttf/ttf/${file}`),
    ),
    defaultFontFamily: family,
    sansSerifFamily: family,
    // Scripts that DejaVu lacks (CJK, Indic, emoji) take whatever font the machine has.
    loadSystemFonts: /[\u0900-\u1cff\u2e80-\ua63f\uac00-\ud7ff\ud800-\udfff\uf900-\ufaff]/.test(
      svg,
    ),
  };
}

const widths = new Map<string, number>();
const ruler = 100; // font size that widths are kept at [px]

/** Width of a line of text [px]. */
export function textWidth(text: string, fontSize: number, bold = false): number {
  const key = `${bold}${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    // The bars keep outer spaces, which a bounding box would not count.
    width = inkWidth(`|${text}|`, bold) - inkWidth("||", bold);
    widths.set(key, width);
  }
  return (width * fontSize) / ruler;
}

/** Breaks a text between words into lines of at most `width` px, and about the same length. */
export function wrapText(text: string, width: number, fontSize: number, bold = false): string[] {
  let lines = fill(text, width, fontSize, bold);
  for (let narrower = width - fontSize; narrower > width / 2; narrower -= fontSize) {
    const tighter = fill(text, narrower, fontSize, bold);
    if (tighter.length > lines.length) break;
    lines = tighter;
  }
  return lines;
}

/** Takes letters from the middle, where paths differ least, until the text fits. */
export function fitText(text: string, width: number, fontSize: number, bold = false): string {
  const letters = [...text];
  let fitted = text;
  for (let keep = letters.length - 2; keep > 0; keep--) {
    if (textWidth(fitted, fontSize, bold) <= width) break;
    const end = Math.ceil(keep / 2);
    fitted = `${letters.slice(0, keep - end).join("")}…${letters.slice(-end).join("")}`;
  }
  return fitted;
}

function fill(text: string, width: number, fontSize: number, bold: boolean): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/ +/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && textWidth(longer, fontSize, bold) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}

function inkWidth(text: string, bold: boolean): number {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><text xml:space="preserve" ` +
    `font-family="${family}" font-weight="${bold ? "bold" : "normal"}" ` +
    `font-size="${ruler}">${escaped}</text></svg>`;
  return new Resvg(svg, { font: fontOptions(svg) }).getBBox()?.width ?? 0;
}
