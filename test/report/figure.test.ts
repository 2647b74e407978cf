import { describe, expect, test } from "vitest";
import { figureSpec, renderPng, renderSvg } from "../../src/report/figure.js";
import { figureAxes, isLogarithmic, siPrefix } from "../../src/report/figure-axes.js";
import { fitText, textWidth, wrapText } from "../../src/report/font.js";
import { fixtureRun, threeEstimators, wnrAxis } from "./fixture.js";
import { countColours } from "./png.js";

// biome-ignore lint/suspicious/noExplicitAny: a specification is data of many shapes
type Data = any;

const kappa = { path: "receiver.kappa", title: "κ [images]", values: [10, 100, 1000] };
const channel = { path: "channel.name", title: "channel", values: ["awgn", "recorded"] };

/** Texts as a reader sees them, in the order of drawing. */
function texts(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>(.*?)<\/text>/g)].map((match) =>
    match[1]!.replace(/<\/tspan><tspan[^>]*>/g, " ").replace(/<[^>]+>/g, ""),
  );
}

describe("the specification", () => {
  test("holds the summary, in percent, and nothing else", () => {
    const run = fixtureRun();
    const spec = figureSpec(run) as Data;
    expect(spec.data.values).toHaveLength(run.summary.length);
    run.summary.forEach((summary, i) => {
      const row = spec.data.values[i];
      expect(row.x).toBe(summary.parameters["channel.wnrDb"]);
      expect(row.estimator).toBe(summary.estimator);
      expect(row.accuracy).toBeCloseTo(100 * summary.accuracy, 10);
      expect(row.low).toBeCloseTo(100 * summary.interval95![0], 10);
      expect(row.high).toBeCloseTo(100 * summary.interval95![1], 10);
    });
  });

  test("has rules at clean accuracy and chance level, a band, lines and markers", () => {
    const layers: Data[] = (figureSpec(fixtureRun()) as Data).layer;
    const rules = layers.filter((l) => l.mark.type === "rule").map((l) => l.data.values[0]);
    expect(rules.map((r) => r.level)).toEqual([98.15, 10]);
    expect(rules.map((r) => r.label.join(" "))).toEqual(["clean 98.15\u00a0%", "chance 10\u00a0%"]);
    const marks = layers.map((l) => l.mark.type);
    expect(marks.slice(-3)).toEqual(["area", "line", "point"]);
    const area = layers.find((l) => l.mark.type === "area");
    expect([area.encoding.y.field, area.encoding.y2.field]).toEqual(["low", "high"]);
  });

  test("names both axes with units and shows the whole range of accuracy", () => {
    const layers: Data[] = (figureSpec(fixtureRun()) as Data).layer;
    const { x, y } = layers.find((l) => l.mark.type === "line").encoding;
    expect(x.title).toEqual(["WNR [dB]"]);
    expect(y.title).toBe("Accuracy [%]");
    expect(y.scale.domain).toEqual([0, 100]);
  });

  test("estimators differ in colour, dash and marker", () => {
    const spec = figureSpec(fixtureRun()) as Data;
    expect(new Set(spec.encoding.color.scale.range).size).toBe(3);
    const line = spec.layer.find((l: Data) => l.mark.type === "line");
    const point = spec.layer.find((l: Data) => l.mark.type === "point");
    for (const channel of [line.encoding.strokeDash, point.encoding.shape]) {
      const values = channel.condition.map((c: Data) => JSON.stringify(c.value));
      expect(new Set(values).size).toBe(3);
    }
  });

  test("further parameters make panels", () => {
    const spec = figureSpec(fixtureRun({ axes: [channel, wnrAxis, kappa] })) as Data;
    expect(spec.facet.field).toBe("panel");
    expect(spec.facet.sort).toHaveLength(6);
    expect(spec.facet.sort[1]).toBe("channel = awgn\nκ = 100 images");
    expect(spec.spec.layer.at(-1).encoding.x.title).toEqual(["WNR [dB]"]);
  });

  test("parameters walked in parallel share the axis", () => {
    const power = { path: "transmitter.powerW", title: "power [W]", values: [1, 2, 4] };
    const wnr = { ...wnrAxis, values: [0, 3, 6] };
    const keep = (p: Data) =>
      wnr.values.indexOf(p[wnr.path]) === power.values.indexOf(p[power.path]);
    const axes = figureAxes(fixtureRun({ axes: [wnr, power], keep }));
    expect(axes.along).toEqual([power]);
    expect(axes.panels).toEqual([""]);
    const spec = figureSpec(fixtureRun({ axes: [wnr, power], keep })) as Data;
    expect(spec.layer.at(-1).encoding.x.title).toEqual(["WNR [dB], with power"]);
  });

  test("without a number on x, points and error bars stand side by side", () => {
    for (const axes of [[channel], []]) {
      const layers: Data[] = (figureSpec(fixtureRun({ axes })) as Data).layer;
      expect(layers.some((l) => l.mark.type === "line")).toBe(false);
      expect(layers.slice(-2).map((l) => l.mark.type)).toEqual(["rule", "point"]);
      expect(layers.at(-1).encoding.x.type).toBe("nominal");
    }
    const still = figureSpec(fixtureRun({ axes: [] })) as Data;
    expect(still.data.values.map((row: Data) => row.x)).toEqual(["ML", "MMSE", "MMSE_pb"]);
  });

  test("ratios over more than 100x that are more alike than differences are drawn on a logarithmic axis", () => {
    expect(isLogarithmic([1e-4, 1e-3, 1e-2, 1e-1])).toBe(true);
    expect(isLogarithmic([1000, 1, 3, 10, 30, 100, 300])).toBe(true);
    expect(isLogarithmic([60, 3600, 86_400, 2_592_000, 31_536_000])).toBe(true); // a minute to a year
    expect(isLogarithmic([1, 10, 100])).toBe(false); // 100x, not more
    expect(isLogarithmic([1, 101, 201, 301, 401])).toBe(false);
    expect(isLogarithmic([0, 1, 10, 100, 1000])).toBe(false);
    expect(isLogarithmic([-1000, -10, -0.1])).toBe(false);
    const axes = [{ path: "channel.coherenceS", title: "T [s]", values: [1e-5, 1e-4, 1e-3, 1e-2] }];
    const spec = figureSpec(fixtureRun({ axes })) as Data;
    const { x } = spec.layer.at(-1).encoding;
    expect(x.scale.type).toBe("log");
    expect(x.axis.labelExpr).toContain("10⁻⁵");
  });

  test("every point has its tick, but not where labels would run into each other", () => {
    const ticksOf = (values: number[]) => {
      const axes = [{ ...kappa, values }];
      return (figureSpec(fixtureRun({ axes })) as Data).layer.at(-1).encoding.x.axis;
    };
    expect(ticksOf([1, 3, 4, 8]).values).toEqual([1, 3, 4, 8]);
    expect(ticksOf([1, 2, 5, 100]).values).toBeUndefined();
  });

  test("units take prefixes, decibels do not", () => {
    expect(siPrefix("carrier [Hz]", [1e9, 2.4e9]).sign).toBe("G");
    expect(siPrefix("delay [s]", [2e-6, 9e-6]).sign).toBe("µ");
    expect(siPrefix("WNR [dB]", [0, 4000]).sign).toBe("");
    expect(siPrefix("images", [1e6]).sign).toBe("");
  });
});

describe("the drawing", () => {
  test("shows title, axis titles, legend, rules and minus signs", async () => {
    const seen = texts(await renderSvg(figureSpec(fixtureRun())));
    for (const text of [
      "Accuracy of a small residual network after an AWGN link",
      "glyphs-resnet on glyphs; 76\u00a0544 weights sent; mean of 10 trials, band: 95 % interval",
      "WNR [dB]",
      "Accuracy [%]",
      "ML",
      "MMSE",
      "MMSE_pb",
      "clean 98.15\u00a0%",
      "chance 10\u00a0%",
      "−6",
      "100",
    ]) {
      expect(seen).toContain(text);
    }
  });

  test("marks oracles and incomplete runs", async () => {
    const estimators = threeEstimators.map((e) => ({ ...e, oracle: e.label === "MMSE_pb" }));
    const run = fixtureRun({ estimators, changes: { complete: false, points: 20 } });
    const seen = texts(await renderSvg(figureSpec(run))).join("\n");
    expect(seen).toContain("MMSE_pb (oracle)");
    expect(seen).toContain("Incomplete run: 100 of 200 trials finished");
    expect(seen).toContain("mean of up to 10 trials");
  });

  test("a carrier sweep in hertz is labelled in gigahertz", async () => {
    const axes = [{ path: "channel.carrierHz", title: "carrier [Hz]", values: [1e9, 2.4e9, 5e9] }];
    const seen = texts(await renderSvg(figureSpec(fixtureRun({ axes }))));
    expect(seen).toContain("carrier [GHz]");
    expect(seen).toContain("2.4");
  });

  test("every panel draws every estimator", async () => {
    const svg = await renderSvg(figureSpec(fixtureRun({ axes: [wnrAxis, kappa] })));
    const lines = svg.match(/class="mark-line role-mark/g) ?? [];
    expect(lines).toHaveLength(9);
    expect(texts(svg).filter((text) => text === "clean 98.15\u00a0%")).toHaveLength(3);
    expect(texts(svg).filter((text) => /^κ = 10+ images$/.test(text))).toHaveLength(3);
  });

  test.each([
    ["no finished point", { summary: [], trials: [], complete: false }],
    ["one finished point", { summary: fixtureRun().summary.slice(0, 3), complete: false }],
    ["one trial", { summary: fixtureRun({ trials: 1 }).summary }],
    ["quotes and tags in names", { title: `"<b>" & 'x' \\ {y}` }],
  ])("is drawn with %s", async (_, changes) => {
    const svg = await renderSvg(figureSpec(fixtureRun({ changes })));
    expect(svg).toContain("Accuracy [%]");
    expect(svg).not.toContain("NaN");
    expect(svg).not.toContain("<b>");
  });

  test("the PNG is twice the size of the SVG, with ink of every colour on white", async () => {
    const svg = await renderSvg(figureSpec(fixtureRun()));
    const png = renderPng(svg);
    expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    const view = new DataView(png.buffer, png.byteOffset);
    const size = /width="([\d.]+)" height="([\d.]+)"/.exec(svg)!;
    expect(view.getUint32(16)).toBe(2 * Number(size[1]));
    expect(view.getUint32(20)).toBe(2 * Number(size[2]));
    const { count, total } = countColours(png);
    expect(total).toBe(view.getUint32(16) * view.getUint32(20));
    expect(count.get("ffffff")! / total).toBeGreaterThan(0.7);
    for (const colour of ["0072b2", "d55e00", "009e73", "222222"]) {
      expect(count.get(colour) ?? 0).toBeGreaterThan(200);
    }
  });
});

describe("text", () => {
  test("widths are those of DejaVu Sans: advances of 1401 (A) and 569 (i) in 2048 units", () => {
    expect(textWidth("A", 20)).toBeCloseTo((20 * 1401) / 2048, 4);
    expect(textWidth("ii", 100)).toBeCloseTo((2 * 100 * 569) / 2048, 4);
    expect(textWidth("a b", 12)).toBeGreaterThan(textWidth("ab", 12) + 3);
    expect(textWidth("λ′ <&>", 12)).toBeGreaterThan(0);
    expect(textWidth("", 12)).toBe(0);
    expect(textWidth("bold", 12, true)).toBeGreaterThan(textWidth("bold", 12));
  });

  test("wraps between words, evenly, and never loses one", () => {
    const text = "one two three four five six seven eight nine ten";
    const lines = wrapText(text, 150, 12);
    expect(lines.join(" ")).toBe(text);
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(textWidth(line, 12)).toBeLessThanOrEqual(150);
    expect(wrapText("", 100, 12)).toEqual([""]);
  });

  test("shortens in the middle", () => {
    const short = fitText("models/a-very-long/folder/resnet20.onnx", 120, 12);
    expect(short).toMatch(/^models.*….*\.onnx$/);
    expect(textWidth(short, 12)).toBeLessThanOrEqual(120);
    expect(fitText("short", 120, 12)).toBe("short");
  });
});
