/** The page in a real browser: what it draws, what it answers to, and what it keeps to itself. */
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { htmlReport } from "../../src/report/html.js";
import type { RunResult } from "../../src/study/results.js";
import { chromiumPath, noChromium, type OpenPage, Reader } from "./chromium.js";
import { areas, axis, control, type DrawnMark, symbols } from "./drawn.js";
import { type FixtureOptions, fixtureRun, threeEstimators, wnrAxis } from "./fixture.js";

if (chromiumPath === undefined) console.warn(`test/report/page.test.ts is skipped: ${noChromium}`);

const kappa = { path: "receiver.kappa", title: "κ [images]", values: [10, 100, 1000] };
const channel = { path: "channel.name", title: "Channel", values: ["awgn", "recorded"] };
const hint = /^Point at a marker/;

let reader: Reader;
const opened: OpenPage[] = [];

/** Waits until all charts are drawn. */
async function open(
  runs: readonly RunResult[],
  options: Parameters<Reader["open"]>[1] = {},
): Promise<Page> {
  const one = await reader.open(htmlReport(runs), options);
  opened.push(one);
  await one.page.waitForSelector("#curves .drawing > *");
  return one.page;
}

const openFixture = (options: FixtureOptions = {}) => open([fixtureRun(options)]);

/** Each curve's points, by estimator. */
async function curvePoints(page: Page): Promise<DrawnMark[]> {
  return symbols(page, "curves", "points");
}

async function estimatorsShown(page: Page): Promise<string[]> {
  return [...new Set((await curvePoints(page)).map((p) => String(p.datum.estimator)))];
}

describe.skipIf(chromiumPath === undefined)("the page in a browser", { timeout: 60_000 }, () => {
  beforeAll(async () => {
    reader = await Reader.start();
  });
  afterAll(() => reader?.close());
  afterEach(async () => {
    for (const { page, said, asked } of opened.splice(0)) {
      expect(said).toEqual([]);
      expect(asked).toEqual([]);
      await page.context().close();
    }
  });

  describe("curves", () => {
    test("draw every stored point where its value is on the axes", async () => {
      const run = fixtureRun();
      const page = await open([run]);
      const [x, y] = [await axis(page, "curves", "x"), await axis(page, "curves", "y")];
      expect(x.title).toBe("WNR [dB]");
      expect(y.title).toBe("Accuracy [%]");
      const marks = await curvePoints(page);
      expect(marks).toHaveLength(run.summary.length);
      for (const summary of run.summary) {
        const mark = marks.find(
          ({ datum }) => datum.point === summary.point && datum.estimator === summary.estimator,
        )!;
        expect(mark.datum.y).toBe(100 * summary.accuracy);
        expect(mark.datum.x).toBe(summary.parameters["channel.wnrDb"]);
        // Ticks stand on whole pixels.
        expect(Math.abs(mark.x - x.pixels(summary.wnrDb))).toBeLessThan(1);
        expect(Math.abs(mark.y - y.pixels(100 * summary.accuracy))).toBeLessThan(1);
      }
    });

    test("draw the stored intervals as bands, and none where they are switched off", async () => {
      const run = fixtureRun();
      const page = await open([run]);
      const y = await axis(page, "curves", "y");
      const bands = await areas(page, "curves");
      expect(bands).toHaveLength(3);
      for (const [i, { label }] of run.estimators.entries()) {
        const rows = run.summary.filter((s) => s.estimator === label);
        const ends = rows.map((s) => s.interval95!);
        // Along one end of the intervals, and back along the other.
        const expected = [
          ...ends.map(([low]) => 100 * low),
          ...ends.toReversed().map(([, high]) => Math.min(100, 100 * high)),
        ];
        const drawn = bands[i]!.map(([, pixels]) => pixels);
        expect(drawn).toHaveLength(expected.length);
        expected.forEach((value, j) => {
          expect(Math.abs(drawn[j]! - y.pixels(value))).toBeLessThan(1);
        });
      }
      await page.getByLabel("95 % intervals").uncheck();
      expect(await areas(page, "curves")).toEqual([]);
    });

    test("come and go with their check boxes, and keep their colours", async () => {
      const page = await openFixture();
      const before = new Map((await curvePoints(page)).map((p) => [p.datum.estimator, p.fill]));
      await control(page, "curves", "MMSE").uncheck();
      expect(await estimatorsShown(page)).toEqual(["ML", "MMSE_pb"]);
      for (const { datum, fill } of await curvePoints(page)) {
        expect(fill).toBe(before.get(datum.estimator));
      }
      await control(page, "curves", "ML").uncheck();
      await control(page, "curves", "MMSE_pb").uncheck();
      expect(await curvePoints(page)).toEqual([]);
      expect(await page.locator("#curves .empty").textContent()).toContain("no curve is checked");
      await control(page, "curves", "MMSE").check();
      expect(await estimatorsShown(page)).toEqual(["MMSE"]);
    });

    test("show the NMSE in dB and as a ratio", async () => {
      const run = fixtureRun();
      const page = await open([run]);
      await control(page, "curves", "Show").selectOption("NMSE");
      expect((await axis(page, "curves", "y")).title).toBe("NMSE [dB]");
      const placed = await curvePoints(page);
      const stored = (mark: DrawnMark) =>
        run.summary.find(
          (s) => s.point === mark.datum.point && s.estimator === mark.datum.estimator,
        )!;
      for (const mark of placed) {
        expect(mark.datum.atY).toBeCloseTo(10 * Math.log10(stored(mark).nmse), 12);
      }
      await control(page, "curves", "Scale of y").selectOption("linear");
      const y = await axis(page, "curves", "y");
      expect(y.title).toBe("NMSE");
      for (const mark of await curvePoints(page)) {
        expect(mark.datum.atY).toBe(stored(mark).nmse);
        expect(Math.abs(mark.y - y.pixels(stored(mark).nmse))).toBeLessThan(1);
      }
    });

    test("show paired gains over any estimator, hollow where they may be none", async () => {
      const run = fixtureRun();
      const page = await open([run]);
      await control(page, "curves", "Show").selectOption("Paired gain");
      expect((await axis(page, "curves", "y")).title).toBe(
        "Accuracy gain over ML [percentage points]",
      );
      expect(await estimatorsShown(page)).toEqual(["MMSE", "MMSE_pb"]);
      const ground = "#ffffff";
      for (const { datum, fill } of await curvePoints(page)) {
        const difference = run.differences.find(
          (d) => d.point === datum.point && d.estimator === datum.estimator && d.baseline === "ML",
        )!;
        expect(datum.y).toBe(100 * difference.difference);
        expect(datum.low).toBe(100 * difference.interval95![0]);
        expect(fill === ground).toBe(!difference.significant);
      }
      // A pair is stored once, and read the other way round here.
      await control(page, "curves", "over").selectOption("MMSE_pb");
      expect(await estimatorsShown(page)).toEqual(["ML", "MMSE"]);
      for (const { datum } of await curvePoints(page)) {
        const difference = run.differences.find(
          (d) =>
            d.point === datum.point && d.estimator === "MMSE_pb" && d.baseline === datum.estimator,
        )!;
        expect(datum.y).toBe(0 - 100 * difference.difference);
        expect(datum.high).toBe(0 - 100 * difference.interval95![0]);
      }
    });

    test("change from decibels to ratios along x, and keep to the ends that are set", async () => {
      const page = await openFixture();
      await control(page, "curves", "Scale of x").selectOption("linear");
      const x = await axis(page, "curves", "x");
      expect(x.title).toBe("WNR, as a ratio");
      for (const mark of await curvePoints(page)) {
        expect(Math.abs(mark.x - x.pixels(10 ** (Number(mark.datum.x) / 10)))).toBeLessThan(1);
      }
      await control(page, "curves", "x from").selectOption("−2");
      await control(page, "curves", "to").selectOption("6");
      const shown = new Set((await curvePoints(page)).map((p) => p.datum.x));
      expect([...shown]).toEqual([-2, 0, 2, 4, 6]);
    });

    test("show error rates on a logarithmic axis", async () => {
      const run = fixtureRun();
      const page = await open([run]);
      await control(page, "curves", "Show").selectOption("Error rate");
      await control(page, "curves", "Scale of y").selectOption("logarithmic");
      const marks = await curvePoints(page);
      // On a logarithmic scale equal ratios are equal distances.
      const slope = (a: DrawnMark, b: DrawnMark) =>
        (a.y - b.y) / Math.log(Number(b.datum.y) / Number(a.datum.y));
      const [first, ...others] = marks;
      const far = others.filter((m) => Number(m.datum.y) < 0.8 * Number(first!.datum.y));
      expect(far.length).toBeGreaterThan(5);
      for (const mark of far) expect(slope(mark, first!)).toBeCloseTo(slope(far[0]!, first!), 6);
      for (const { datum } of marks) {
        const { accuracy } = run.summary.find(
          (s) => s.point === datum.point && s.estimator === datum.estimator,
        )!;
        expect(datum.y).toBe(100 - 100 * accuracy);
      }
    });

    test("of further parameters differ in dash and marker, and are chosen by value", async () => {
      const page = await openFixture({ axes: [wnrAxis, kappa] });
      const groups = async () => [
        ...new Set((await curvePoints(page)).map((p) => String(p.datum.group))),
      ];
      expect(await groups()).toEqual(["κ = 10 images", "κ = 100 images", "κ = 1000 images"]);
      await control(page, "curves", "100").uncheck();
      expect(await groups()).toEqual(["κ = 10 images", "κ = 1000 images"]);
      // On x there are all of its values; the other parameter is now the one to choose from, and of
      // its thirty curves those of one value are shown at first.
      await control(page, "curves", "against").selectOption("κ [images]");
      expect((await axis(page, "curves", "x")).labels).toEqual(["10", "100", "1000"]);
      expect(await groups()).toEqual(["WNR = −6 dB"]);
      await page.getByRole("button", { name: "WNR [dB]: all" }).click();
      expect(await groups()).toHaveLength(10);
      await control(page, "curves", "against").selectOption("WNR [dB]");
      expect(await groups()).toEqual(["κ = 10 images", "κ = 1000 images"]);
    });

    test("stand beside each other, unjoined, where x is text or nothing is swept", async () => {
      const page = await openFixture({ axes: [channel] });
      expect(await page.locator("#curves g.mark-line path").count()).toBe(0);
      const marks = await curvePoints(page);
      expect(marks).toHaveLength(6);
      expect(new Set(marks.map((m) => m.x)).size).toBe(6);
      const still = await openFixture({ axes: [] });
      const estimators = await curvePoints(still);
      expect(estimators.map((m) => m.datum.x)).toEqual(["ML", "MMSE", "MMSE_pb"]);
    });

    test("have a place for no noise at all", async () => {
      const noiseless = {
        ...wnrAxis,
        values: [0, 6, Number.POSITIVE_INFINITY],
      };
      const run = fixtureRun({ axes: [{ ...wnrAxis, values: [0, 6, 12] }] });
      const infinite = <T extends { parameters: object; point: number; snrDb?: number }>(row: T) =>
        row.point === 2
          ? {
              ...row,
              parameters: { [wnrAxis.path]: Number.POSITIVE_INFINITY },
              snrDb: Number.POSITIVE_INFINITY,
              wnrDb: Number.POSITIVE_INFINITY,
            }
          : row;
      const page = await open([
        { ...run, axes: [noiseless], summary: run.summary.map(infinite), trials: run.trials },
      ]);
      const places = new Set((await curvePoints(page)).map((p) => p.datum.x));
      expect([...places]).toEqual(["0", "6", "∞"]);
      expect(await page.locator("#results").textContent()).toContain("∞");
    });
  });

  describe("several runs", () => {
    const second = (options: FixtureOptions = {}) => {
      const run = fixtureRun({ trials: 4, ...options });
      return { ...run, name: "second", title: "Another network" };
    };

    test("with one axis share a chart and are told apart", async () => {
      const page = await open([fixtureRun(), second()]);
      const marks = await curvePoints(page);
      expect(marks.filter((m) => m.datum.run === 0)).toHaveLength(30);
      expect(marks.filter((m) => m.datum.run === 1)).toHaveLength(30);
      const dashes = await page
        .locator("#curves g.mark-line path")
        .evaluateAll((lines) => lines.map((line) => line.getAttribute("stroke-dasharray")));
      expect(new Set(dashes.slice(0, 3)).size).toBe(1);
      expect(dashes[0]).not.toBe(dashes[3]);
      await control(page, "curves", "quickstart").uncheck();
      expect(new Set((await curvePoints(page)).map((m) => m.datum.run))).toEqual(new Set([1]));
      const cells = await page.locator("#results td:first-child").allTextContents();
      expect(new Set(cells)).toEqual(new Set(["quickstart", "second"]));
    });

    test("of which one sweeps a further parameter each have an entry in the key", async () => {
      const mapping = {
        path: "transmitter.mapping",
        title: "Mapping",
        values: ["real", "complex"],
      };
      const page = await open([
        fixtureRun(),
        second({ axes: [wnrAxis, mapping] }),
        { ...second(), name: "third" },
      ]);
      const drawn = await page
        .locator("#curves .drawing g.mark-line path")
        .evaluateAll((lines) => lines.map((line) => line.getAttribute("stroke-dasharray")));
      const keys = await page.locator("#curves .key").evaluateAll((found) =>
        found.map((key) => ({
          text: key.textContent,
          dash: key.querySelector("path")!.getAttribute("stroke-dasharray"),
        })),
      );
      expect(keys.map((key) => key.text)).toEqual([
        "quickstart",
        "second: Mapping = real",
        "second: Mapping = complex",
        "third",
      ]);
      const plain = (dash: string | null) => dash?.replaceAll(",", " ");
      expect(keys.map((key) => plain(key.dash))).toEqual([...new Set(drawn.map(plain))]);
      await control(page, "curves", "complex").uncheck();
      expect(await page.locator("#curves .key").count()).toBe(3);
    });

    test("with different axes are shown one axis at a time, and all against what was measured", async () => {
      const power = { path: "transmitter.powerW", title: "Power [W]", values: [1, 2, 4] };
      const page = await open([fixtureRun(), second({ axes: [power] })]);
      const runsShown = async () => [...new Set((await curvePoints(page)).map((m) => m.datum.run))];
      expect(await runsShown()).toEqual([0]);
      await control(page, "curves", "against").selectOption("Power [W]");
      expect(await runsShown()).toEqual([1]);
      await control(page, "curves", "against").selectOption("WNR at the estimator [dB]");
      expect(await runsShown()).toEqual([0, 1]);
    });

    test("say in which of them an estimator is an oracle", async () => {
      const estimators = threeEstimators.map((e) => ({ ...e, oracle: e.label === "MMSE_pb" }));
      const page = await open([fixtureRun(), second({ estimators })]);
      await control(page, "curves", "MMSE_pb (oracle in second)").uncheck();
      expect(await estimatorsShown(page)).toEqual(["ML", "MMSE"]);
      expect(await page.locator("#results").textContent()).toContain("MMSE_pb (oracle)");
    });
  });

  describe("the keyboard", () => {
    test("reaches every point, whose values are read out", async () => {
      const run = fixtureRun();
      const page = await open([run]);
      const readout = page.locator("#curves .readout");
      expect(await readout.getAttribute("aria-live")).toBe("polite");
      expect(await readout.textContent()).toMatch(hint);
      const read = new Set<string>();
      for (const only of run.estimators) {
        for (const { label } of run.estimators) {
          await control(page, "curves", label).setChecked(label === only.label);
        }
        await page.locator("#curves .plot").focus();
        await page.keyboard.press("Home");
        const rows = run.summary.filter((s) => s.estimator === only.label);
        for (const row of rows) {
          const text = (await readout.textContent())!;
          expect(text).toContain(only.label);
          expect(text).toContain(`Accuracy ${(100 * row.accuracy).toFixed(2)} %`);
          expect(text).toContain(`WNR = ${String(row.wnrDb).replace("-", "−")} dB`);
          const [low, high] = row.interval95!.map((end) => (100 * end).toFixed(2));
          expect(text).toContain(`95 % interval ${low} to ${high} %`);
          expect(text).toContain("10 trials");
          read.add(text);
          await page.keyboard.press("ArrowRight");
        }
        // There is nothing beyond the end.
        expect(read.has((await readout.textContent())!)).toBe(true);
      }
      expect(read.size).toBe(run.summary.length);
    });

    test("goes to the curve above and below at the same x, and gives up with Escape", async () => {
      const page = await openFixture();
      const readout = page.locator("#curves .readout");
      await page.locator("#curves .plot").focus();
      await page.keyboard.press("ArrowRight");
      for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowRight");
      expect(await readout.textContent()).toMatch(/^ML; WNR = 4 dB/);
      await page.keyboard.press("ArrowUp");
      expect(await readout.textContent()).toMatch(/^MMSE; WNR = 4 dB/);
      await page.keyboard.press("ArrowUp");
      expect(await readout.textContent()).toMatch(/^MMSE_pb; WNR = 4 dB/);
      await page.keyboard.press("ArrowUp");
      expect(await readout.textContent()).toMatch(/^MMSE_pb; WNR = 4 dB/);
      await page.keyboard.press("ArrowDown");
      expect(await readout.textContent()).toMatch(/^MMSE; WNR = 4 dB/);
      expect(await symbols(page, "curves", "ring")).toHaveLength(1);
      await page.keyboard.press("Escape");
      expect(await readout.textContent()).toMatch(hint);
      expect(await symbols(page, "curves", "ring")).toHaveLength(0);
    });

    test("reaches every control and every scrolling part by Tab", async () => {
      const page = await openFixture();
      const wanted = await page.evaluate(
        () =>
          [
            ...document.querySelectorAll<HTMLElement>(
              "a[href], select, input, button, summary, .plot, .scroll, pre",
            ),
          ].filter((element) => element.checkVisibility()).length,
      );
      const reached: string[] = [];
      for (let i = 0; i < wanted + 5; i++) {
        await page.keyboard.press("Tab");
        const at = await page.evaluate(() => {
          const active = document.activeElement!;
          return active === document.body
            ? ""
            : String([...document.querySelectorAll("*")].indexOf(active));
        });
        if (at === "" || reached.includes(at)) break;
        reached.push(at);
      }
      expect(reached).toHaveLength(wanted);
    });
  });

  test("the pointer picks the nearest point, a finger too", async () => {
    const run = fixtureRun();
    const page = await open([run]);
    const [mark] = (await curvePoints(page)).filter(
      (m) => m.datum.estimator === "MMSE_pb" && m.datum.x === 2,
    );
    const origin = await page
      .locator("#curves .drawing svg > g")
      .evaluate((g) => g.getAttribute("transform"));
    const [, left, top] = /translate\(([\d.]+),([\d.]+)\)/.exec(origin!)!;
    const at = { x: Number(left) + mark!.x + 4, y: Number(top) + mark!.y - 5 };
    await page.locator("#curves .drawing").hover({ position: at });
    const summary = run.summary.find((s) => s.estimator === "MMSE_pb" && s.wnrDb === 2)!;
    const value = `Accuracy ${(100 * summary.accuracy).toFixed(2)} %`;
    expect(await page.locator("#curves .tip").textContent()).toContain(value);
    expect(await page.locator("#curves .readout").textContent()).toContain(value);
    await page.mouse.move(2, 2);
    expect(await page.locator("#curves .tip").isVisible()).toBe(false);

    const phone = await open([run], { viewport: { width: 360, height: 740 }, hasTouch: true });
    const plot = phone.locator("#curves .plot");
    await plot.scrollIntoViewIfNeeded();
    const size = (await plot.boundingBox())!;
    await plot.tap({ position: { x: size.width / 2, y: size.height / 2 } });
    expect(await phone.locator("#curves .readout").textContent()).toMatch(/Accuracy [\d.]+ %/);
  });

  describe("trials", () => {
    test("are drawn one by one, as they are stored", async () => {
      const run = fixtureRun();
      const page = await open([run]);
      const dots = await symbols(page, "trials", "dots");
      expect(dots).toHaveLength(run.trials.length);
      const y = await axis(page, "trials", "y");
      for (const { datum, y: pixels } of dots) {
        const trial = run.trials[Number(datum.row)]!;
        expect(datum.atY).toBe((100 * trial.correct) / trial.total);
        expect(datum.atX).toBe(trial.wnrDb);
        expect(Math.abs(pixels - y.pixels(100 * trial.accuracy))).toBeLessThan(1);
      }
    });

    test("are paired with the baseline's of the same noise", async () => {
      const run = fixtureRun();
      const page = await open([run]);
      await control(page, "trials", "against").selectOption("the same of ML, in pairs");
      const dots = await symbols(page, "trials", "dots");
      expect(dots).toHaveLength(200); // of the two others
      for (const { datum } of dots) {
        const { point, trial } = run.trials[Number(datum.row)]!;
        const baseline = run.trials.find(
          (t) => t.point === point && t.trial === trial && t.estimator === "ML",
        )!;
        expect(datum.atX).toBe((100 * baseline.correct) / baseline.total);
      }
    });

    test("show the settings that were chosen, at one point too", async () => {
      const run = fixtureRun();
      const page = await open([run]);
      await control(page, "trials", "Show").selectOption("λ′");
      await control(page, "trials", "at").selectOption("WNR = 4 dB");
      await control(page, "trials", "against").selectOption("Trial");
      const dots = await symbols(page, "trials", "dots");
      expect(dots.map((d) => [d.datum.atX, d.datum.atY])).toEqual(
        Array.from({ length: 10 }, (_, trial) => [trial, 1.01 + trial / 300]),
      );
    });

    test("may be ten thousand: the page stays below 5 MB and answers", async () => {
      const values = Array.from({ length: 20 }, (_, i) => i - 8);
      const run = fixtureRun({ axes: [{ ...wnrAxis, values }], trials: 500 });
      expect(run.trials).toHaveLength(30_000);
      expect(Buffer.byteLength(htmlReport([run]))).toBeLessThan(5e6);
      const page = await open([run]);
      const start = Date.now();
      await page.waitForSelector("#trials canvas");
      await control(page, "trials", "against").selectOption("the same of ML, in pairs");
      const drawn = () =>
        page.evaluate(() => {
          const place = document.querySelector("#trials .drawing > div") as unknown as {
            __view__: { data(name: string): unknown[] };
          };
          return place.__view__.data("kind 0").length + place.__view__.data("kind 1").length;
        });
      await expect.poll(drawn).toBe(20_000);
      await page.locator("#trials .plot").focus();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowRight");
      expect(await page.locator("#trials .readout").textContent()).toMatch(/^MMSE, trial \d+/);
      // A second or so on a quiet machine.
      expect(Date.now() - start).toBeLessThan(15_000);
    });
  });

  describe("the timeline", () => {
    test("has a bar for each packet, from sending to arrival, as high as its SNR", async () => {
      const run = fixtureRun();
      const page = await open([run]);
      const [x, y] = [await axis(page, "timeline", "x"), await axis(page, "timeline", "y")];
      expect(x.title).toBe("Time [ms]");
      const bars = await page
        .locator("#timeline g.mark-rect.bars path")
        .evaluateAll((paths) =>
          paths.map((path) => [path.getAttribute("transform"), path.getAttribute("d")]),
        );
      const { packets } = run.timelines[0]!;
      expect(bars).toHaveLength(packets.length);
      bars.forEach(([transform, d], i) => {
        const [, left, top] = /translate\(([-\d.e]+),([-\d.e]+)\)/.exec(transform ?? "") ?? [];
        const [, x0, y0, width] = /^M([-\d.e]+),([-\d.e]+)h([-\d.e]+)/.exec(d!)!;
        const { sentAtS, arrivedAtS, snrDb } = packets[i]!;
        const start = Number(left ?? 0) + Number(x0);
        expect(Math.abs(start - x.pixels(1000 * sentAtS))).toBeLessThan(1);
        expect(Math.abs(start + Number(width) - x.pixels(1000 * arrivedAtS))).toBeLessThan(1.5);
        expect(Math.abs(Number(top ?? 0) + Number(y0) - y.pixels(snrDb))).toBeLessThan(1);
      });
      const text = await page.locator("#timeline").textContent();
      expect(text).toContain("75 packets");
      expect(text).toContain("−8.99 to −2.99 dB");
    });

    test("shows what was lost and what was sent again", async () => {
      const page = await open([fixtureRun({ lossy: true })]);
      const text = await page.locator("#timeline").textContent();
      expect(text).toContain("77 packets");
      expect(text).toContain("2 lost. 2 lost in part. 2 sent again.");
      const fills = await page
        .locator("#timeline g.mark-rect.bars path")
        .evaluateAll((paths) => paths.map((path) => path.getAttribute("fill")));
      expect(new Set(fills).size).toBe(2);
      expect(fills.filter((fill) => fill !== fills[0])).toHaveLength(2);
      await page.locator("#timeline .plot").focus();
      for (let i = 0; i < 4; i++) await page.keyboard.press("ArrowRight");
      expect(await page.locator("#timeline .readout").textContent()).toMatch(/Lost$/);
    });

    test("follows the point, and says where there was no noise or not all is shown", async () => {
      const run = fixtureRun();
      const clear = run.timelines[3]!;
      const packets = clear.packets.map((p) => ({ ...p, snrDb: Number.POSITIVE_INFINITY }));
      const timelines = run.timelines.with(3, { ...clear, packets, packetsSent: 90_000 });
      const page = await open([{ ...run, timelines }]);
      await control(page, "timeline", "Point").selectOption("WNR = 0 dB");
      const text = page.locator("#timeline");
      await expect.poll(() => text.textContent()).toContain("no noise in any packet");
      expect(await text.textContent()).toContain("The first 75 are shown");
      await page.locator("#timeline .plot").focus();
      await page.keyboard.press("ArrowRight");
      expect(await page.locator("#timeline .readout").textContent()).toMatch(
        /^Transmission 1 of 90\u00a0000; Sent at .*; 1024 symbols; No noise$/,
      );
    });
  });

  test("tables sort by a heading, up, down and back", async () => {
    const page = await openFixture();
    const column = () => page.locator("#results tbody td:nth-child(3)").allTextContents();
    const before = await column();
    const header = page.locator("#results th:nth-child(3)");
    expect(await header.textContent()).toBe("Accuracy [%]");
    await header.getByRole("button").click();
    expect(await header.getAttribute("aria-sort")).toBe("ascending");
    const up = (await column()).map(Number);
    expect(up).toEqual([...up].sort((a, b) => a - b));
    await header.getByRole("button").press("Enter");
    expect(await header.getAttribute("aria-sort")).toBe("descending");
    expect((await column()).map(Number)).toEqual(up.toReversed());
    await header.getByRole("button").click();
    expect(await column()).toEqual(before);
  });

  describe("every kind of page", () => {
    const empty = { summary: [], trials: [], differences: [], targets: [], timelines: [] };
    const kinds: [string, () => RunResult[]][] = [
      ["of one run", () => [fixtureRun()]],
      ["of two runs", () => [fixtureRun(), { ...fixtureRun({ trials: 3 }), name: "b" }]],
      ["with further parameters", () => [fixtureRun({ axes: [wnrAxis, kappa, channel] })]],
      ["without a sweep", () => [fixtureRun({ axes: [] })]],
      ["with one trial", () => [fixtureRun({ trials: 1 })]],
      ["without a result", () => [fixtureRun({ changes: { ...empty, complete: false } })]],
    ];

    test.each(kinds)("%s fits a phone and has contrast in light and dark", async (_, runs) => {
      for (const colorScheme of ["light", "dark"] as const) {
        const page = await open(runs(), { viewport: { width: 360, height: 740 }, colorScheme });
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
        const outside = await page.evaluate(() =>
          [...document.querySelectorAll("select, input, .plot, h1, h2, p")]
            .filter((element) => element.checkVisibility())
            .map((element) => element.getBoundingClientRect())
            .filter((box) => box.left < 0 || box.right > 360),
        );
        expect(outside).toEqual([]);
        const { ground, lowest } = await contrasts(page);
        expect(ground > 0.5).toBe(colorScheme === "light");
        // WCAG 2.2, 1.4.3.
        expect(lowest.ratio, lowest.text).toBeGreaterThanOrEqual(4.5);
      }
    });
  });

  test("dark charts have dark grounds, also when the reader changes over", async () => {
    const page = await openFixture();
    const ground = () =>
      page.locator("#curves .drawing svg").evaluate((svg) => getComputedStyle(svg).backgroundColor);
    expect(await ground()).toBe("rgb(255, 255, 255)");
    await page.emulateMedia({ colorScheme: "dark" });
    await expect.poll(ground).toBe("rgb(21, 24, 27)");
  });

  test("text of a scenario is text, wherever it goes", async () => {
    const evil = `</script><script>window.harmed = 1</script><img src=x onerror="window.harmed=1">`;
    const estimators = threeEstimators.map((e, i) => (i === 1 ? { ...e, label: evil } : e));
    const run = fixtureRun({
      estimators,
      axes: [wnrAxis, { path: "p", title: evil, values: [evil, "b"] }],
      changes: {
        title: evil,
        name: evil,
        scenarioText: evil,
        notes: [evil],
        events: [{ happenedAt: "2026-03-02T10:15:00.000Z", kind: "worker", text: evil }],
      },
    });
    const page = await open([run, { ...run, name: "b" }]);
    await page.locator("#curves .plot").hover();
    await page.locator("#curves .plot").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowDown");
    await control(page, "trials", "against").selectOption({ index: 1 });
    expect(await page.evaluate(() => "harmed" in window)).toBe(false);
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.locator("h1").textContent()).toContain(evil);
    expect(await estimatorsShown(page)).toContain(evil);
  });

  test("its policy lets no request out, even of a script that tries", async () => {
    const { page, asked } = await reader.open(htmlReport([fixtureRun({ trials: 1 })]));
    const outcome = await page.evaluate(() =>
      fetch("https://weightlink.invalid/").then(
        () => "sent",
        () => "refused",
      ),
    );
    expect(outcome).toBe("refused");
    expect(asked).toEqual([]);
    await page.context().close();
  });
});

/** Lightness of the ground, and the text that stands out least from what is behind it (WCAG 2.2). */
async function contrasts(page: Page) {
  const samples = await page.evaluate(() => {
    const found: { text: string; colour: string; grounds: string[] }[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement!;
      const text = walker.currentNode.textContent!.trim();
      if (text === "" || !element.checkVisibility() || element.closest("script")) continue;
      const style = getComputedStyle(element);
      const grounds: string[] = [];
      for (let at: Element | null = element; at !== null; at = at.parentElement) {
        grounds.push(getComputedStyle(at).backgroundColor);
      }
      found.push({ text, colour: element.closest("svg") ? style.fill : style.color, grounds });
    }
    return found;
  });
  const parse = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (colour: string) => {
    const [r, g, b] = parse(colour).map((part) => {
      const c = part / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const isOpaque = (colour: string) => (parse(colour)[3] ?? 1) === 1;
  const rated = samples.map(({ text, colour, grounds }) => {
    const ground = luminance(grounds.find(isOpaque) ?? "rgb(255, 255, 255)");
    const [dark, light] = [luminance(colour), ground].sort((a, b) => a - b);
    return { text, ground, ratio: (light! + 0.05) / (dark! + 0.05) };
  });
  rated.sort((a, b) => a.ratio - b.ratio);
  const grounds = rated.map((sample) => sample.ground).sort((a, b) => a - b);
  return { lowest: rated[0]!, ground: grounds[Math.floor(grounds.length / 2)]! };
}
