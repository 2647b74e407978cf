/** Figures for papers: what they hold, and that a printer without colour and fonts can set them. */
import { inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { figureCsv, figureFile } from "../../src/report/figure-files.js";
import { curveRun } from "../../src/report/page-data.js";
import { paperFigures, paperLooks, pixelsPerPoint } from "../../src/report/paper-figure.js";
import { renderVega } from "../../src/report/render.js";
import { type FixtureOptions, fixtureRun, threeEstimators, wnrAxis } from "./fixture.js";
import { countColours } from "./png.js";

const kappa = { path: "receiver.kappa", title: "κ [images]", values: [10, 100, 1000] };

const curves = (options: FixtureOptions = {}, label = "a") => curveRun(fixtureRun(options), label);

function texts(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>(.*?)<\/text>/g)].map((match) => match[1]!);
}

/** The content streams of a PDF, inflated, and the rest as it stands. */
function parts(pdf: Uint8Array): { outside: string; streams: string[] } {
  const bytes = Buffer.from(pdf);
  const text = bytes.toString("latin1");
  const streams: string[] = [];
  const outside = text.replace(
    /(<<[\s\S]*?>>)\s*stream\r?\n([\s\S]*?)\r?\nendstream/g,
    (_, dictionary, content) => {
      const data = Buffer.from(content, "latin1");
      const plain = dictionary.includes("/FlateDecode") ? inflateSync(data) : data;
      if (!/\/(FontFile|Length1|CIDInit|Type0)/.test(dictionary)) {
        streams.push(plain.toString("latin1"));
      }
      return dictionary;
    },
  );
  return { outside, streams };
}

/** CIE 1976 lightness of an sRGB colour: 0 is black, 100 white. */
function lightness(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  const y = 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  return y > 216 / 24389 ? 116 * Math.cbrt(y) - 16 : (24389 / 27) * y;
}

describe("a figure", () => {
  test("shows curves, axes with units and the levels they are read against", async () => {
    const [figure] = paperFigures([curves()], "accuracy");
    const svg = await renderVega(figure!.spec);
    const seen = texts(svg);
    for (const text of [
      "WNR [dB]",
      "Accuracy [%]",
      "ML",
      "MMSE",
      "MMSE_pb",
      "clean 98.15 %",
      "chance 10 %",
      "−6",
      "100",
    ]) {
      expect(seen).toContain(text);
    }
    const symbols = [
      ...svg.matchAll(/<g class="mark-symbol role-mark points[^"]*"[^>]*>(.*?)<\/g>/g),
    ];
    expect(symbols.map((group) => group[1]!.match(/<path/g)!.length)).toEqual([10, 10, 10]);
    expect(svg.match(/class="mark-area/g)).toHaveLength(3);
    expect(svg).not.toContain("NaN");
  });

  test("has no type below 8 pt", async () => {
    for (const quantity of ["accuracy", "gain", "nmse", "error-rate"] as const) {
      const [figure] = paperFigures([curves({ axes: [wnrAxis, kappa] })], quantity);
      const svg = await renderVega(figure!.spec);
      const sizes = [...svg.matchAll(/font-size="([\d.]+)px"/g)].map((m) => Number(m[1]));
      expect(sizes.length).toBeGreaterThan(10);
      expect(Math.min(...sizes) / pixelsPerPoint).toBeGreaterThanOrEqual(8);
      expect(Math.max(...sizes) / pixelsPerPoint).toBeLessThanOrEqual(9);
    }
  });

  test("is one of several where there are further parameters or other axes", () => {
    const run = curves({ axes: [wnrAxis, kappa] });
    const panels = paperFigures([run], "accuracy").map((figure) => figure.panel);
    expect(panels).toEqual(["κ = 10 images", "κ = 100 images", "κ = 1000 images"]);
    const power = { path: "transmitter.powerW", title: "Power [W]", values: [1, 2] };
    const figures = paperFigures([curves(), curves({ axes: [power] }, "b")], "accuracy");
    expect(figures.map((figure) => figure.choice.x.key)).toEqual([
      "channel.wnrDb",
      "transmitter.powerW",
    ]);
  });

  test("names runs where there are several, and oracles", async () => {
    const estimators = threeEstimators.map((e) => ({ ...e, oracle: e.label === "MMSE" }));
    const [figure] = paperFigures([curves({ estimators }), curves({}, "b")], "accuracy");
    const seen = texts(await renderVega(figure!.spec));
    expect(seen).toContain("MMSE (oracle), a");
    expect(seen).toContain("MMSE, b");
  });

  test("of one run among several names it, as its panel does", async () => {
    const mapping = { path: "transmitter.mapping", title: "Mapping", values: ["real"] };
    const figures = paperFigures(
      [curves(), curves({ axes: [wnrAxis, mapping] }, "x"), curves({}, "t")],
      "accuracy",
    );
    const [shared, alone, ...others] = await Promise.all(
      figures.map(async ({ spec }) => texts(await renderVega(spec))),
    );
    expect(others).toEqual([]);
    for (const { label } of threeEstimators) {
      expect(shared).toEqual(expect.arrayContaining([`${label}, a`, `${label}, t`]));
      expect(alone).toContain(label);
    }
    expect(alone).toContain("x: Mapping = real");
  });

  test("is made without a sweep, without an interval, and not of nothing", async () => {
    const still = paperFigures([curves({ axes: [], trials: 1 })], "accuracy");
    expect(still).toHaveLength(1);
    const seen = texts(await renderVega(still[0]!.spec));
    expect(seen).toContain("MMSE_pb");
    const none = curveRun(fixtureRun({ changes: { summary: [], differences: [] } }), "a");
    expect(paperFigures([none], "accuracy")).toEqual([]);
    const alone = curves({ estimators: threeEstimators.slice(0, 1) });
    expect(paperFigures([alone], "gain")).toEqual([]);
  });
});

test("in grey, colours are apart in lightness, and dash and marker differ", () => {
  const light = paperLooks.colours.map(lightness).sort((a, b) => a - b);
  for (let i = 1; i < light.length; i++) expect(light[i]! - light[i - 1]!).toBeGreaterThan(9);
  expect(Math.max(...light)).toBeLessThan(75); // and apart from the paper
  const forms = paperLooks.dashes.length;
  expect(new Set(paperLooks.dashes.map((d) => JSON.stringify(d))).size).toBe(forms);
  expect(new Set(paperLooks.markers).size).toBe(paperLooks.markers.length);
});

describe("the files", () => {
  const [figure] = paperFigures([curves()], "accuracy");

  test("SVG: one column wide, outlines in place of letters", async () => {
    const svg = String(await figureFile(figure!, "svg"));
    expect(svg).toMatch(/^<svg width="252pt" height="[\d.]+pt" viewBox="0 0 2016 [\d.]+"/);
    expect(svg).not.toMatch(/<text|<image|font-family/);
    for (const colour of ["#004488", "#bb5566", "#ddaa33"]) expect(svg).toContain(colour);
    expect(svg.trimEnd().endsWith("</svg>")).toBe(true);
  });

  test("PNG: 3.5 inches at 600 dots per inch, and says so", async () => {
    const png = Buffer.from((await figureFile(figure!, "png")) as Uint8Array);
    expect(png.readUInt32BE(16)).toBe(2100);
    const at = png.indexOf("pHYs");
    expect(png.readUInt32BE(at + 4)).toBe(23_622); // 600 / 0.0254
    expect(png.readUInt8(at + 12)).toBe(1);
    const { count, total } = countColours(png);
    expect(count.get("ffffff")! / total).toBeGreaterThan(0.6);
    for (const colour of ["004488", "bb5566", "ddaa33"]) {
      expect(count.get(colour) ?? 0).toBeGreaterThan(1000);
    }
  });

  test("PDF: one page of that size, in vectors, with its font inside", async () => {
    const pdf = (await figureFile(figure!, "pdf")) as Uint8Array;
    const { outside, streams } = parts(pdf);
    expect(outside).toMatch(/^%PDF-1\.4/);
    expect(outside).toMatch(/\/MediaBox \[0 0 252 [\d.]+\]/);
    expect(outside.match(/\/Type \/Page\b/g)).toHaveLength(1);
    expect(outside).not.toContain("/Subtype /Image");
    expect(outside).toContain("/FontFile2");
    expect(outside).toMatch(/\/BaseFont \/[A-Z]{6}\+DejaVuSans/);
    // No font is only named and left to the reader.
    expect(outside).not.toMatch(/\/Subtype \/Type1/);
    const drawing = streams.sort((a, b) => b.length - a.length)[0]!;
    // Thirty markers and three in the legend, each filled and stroked, three bands, and text as text.
    expect(drawing.match(/^B$/gm)).toHaveLength(33);
    expect(streams.join("\n").match(/^f$/gm)!.length).toBeGreaterThanOrEqual(3);
    expect(drawing).toMatch(/\bTJ\b|\bTj\b/);
    expect(drawing).not.toMatch(/\bBI\b/);
  });

  test("the same run gives the same bytes", async () => {
    for (const format of ["svg", "png", "pdf"] as const) {
      const [a, b] = [await figureFile(figure!, format), await figureFile(figure!, format)];
      expect(Buffer.compare(Buffer.from(a), Buffer.from(b))).toBe(0);
    }
  });

  test("CSV: what the figure shows, with interval and number of trials", () => {
    const run = curves();
    const lines = figureCsv(figure!, [run]).trimEnd().split("\n");
    expect(lines[0]).toBe(
      "run,estimator,channel.wnrDb,accuracyPercent,accuracyPercentLow95,accuracyPercentHigh95,trials",
    );
    expect(lines).toHaveLength(1 + run.summary.length);
    for (const line of lines.slice(1)) {
      const [label, estimator, wnrDb, ...numbers] = line.split(",");
      const summary = run.summary.find((s) => s.estimator === estimator && s.wnrDb === +wnrDb!)!;
      expect(label).toBe("a");
      expect(numbers.map(Number)).toEqual([
        100 * summary.accuracy,
        Math.max(0, 100 * summary.interval95![0]),
        Math.min(100, 100 * summary.interval95![1]),
        10,
      ]);
    }
  });

  test("CSV of the NMSE is in dB, and empty where there is no interval", () => {
    const run = curves({ trials: 1 });
    const [nmse] = paperFigures([run], "nmse");
    const [header, first] = figureCsv(nmse!, [run]).split("\n");
    expect(header).toContain("nmseDb,nmseDbLow95,nmseDbHigh95,trials");
    const [, , , value, low, high, trials] = first!.split(",");
    expect(Number(value)).toBe(10 * Math.log10(run.summary[0]!.nmse));
    expect([low, high, trials]).toEqual(["", "", "1"]);
  });
});
