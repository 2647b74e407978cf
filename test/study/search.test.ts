import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { RandomSource, type RandomStream } from "../../src/kernel/index.js";
import type { Setting } from "../../src/receiver/estimator.js";
import { loadScenario } from "../../src/scenario/load.js";
import type { TrialResult } from "../../src/study/results.js";
import { mostCost, type SearchTask, searchMethods } from "../../src/study/search.js";
import { closeStudy, prepareStudy } from "../../src/study/study.js";
import { TrialRunner } from "../../src/study/trial.js";

const { grid, race } = searchMethods;

/** A task that counts what is asked of it. */
function counted<S extends Setting>(
  settings: readonly S[],
  images: number,
  margins: (s: S) => number[] | Float32Array,
  departure: (s: S) => number = () => 0,
) {
  const asked: S[] = [];
  const task: SearchTask<S> = {
    settings,
    images,
    departure,
    margins: async (setting) => {
      asked.push(setting);
      return Float32Array.from(margins(setting));
    },
  };
  return { task, asked };
}

const right = (margins: Float32Array) => margins.filter((m) => m > 0).length;

/** The largest count of any setting. */
async function exhaustive<S extends Setting>(task: SearchTask<S>) {
  const counts: number[] = [];
  for (const setting of task.settings) counts.push(right(await task.margins(setting)));
  return { counts, best: Math.max(...counts) };
}

function gridOf(...sizes: number[]): Setting[] {
  const names = ["lambda", "beta", "gamma"];
  return sizes.reduce<Setting[]>(
    (list, size, axis) =>
      list.flatMap((s) =>
        Array.from({ length: size }, (_, i) => ({ ...s, [names[axis]]: 0.5 + 0.1 * i })),
      ),
    [{}],
  );
}

/**
 * Images that are right with a logistic probability of a setting's quality, independently of each other:
 *
 *   margin_i(x) = q(x) + logistic_i + 0.7 sin(a_i x + φ_i),   q(x) = height − |B (x − centre)|²
 *
 * B squeezes and slants the hill, to a width of a third to the whole of each coordinate's range, 0 to 1.
 */
function logisticHill(settings: readonly Setting[], images: number, random: RandomStream) {
  const keys = Object.keys(settings[0]);
  const ends = keys
    .map((key) => settings.map((s) => s[key]))
    .map((v) => [Math.min(...v), Math.max(...v)]);
  const place = (s: Setting) =>
    keys.map((key, d) => (s[key] - ends[d][0]) / (ends[d][1] - ends[d][0]));
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  const centre = keys.map(() => between(0.1, 0.9));
  const shape = keys.map((_, d) => keys.map((_, e) => (d === e ? between(1, 3) : between(-1, 1))));
  const height = between(-0.5, 1.5);
  const own = Array.from({ length: images }, () => {
    const u = between(1e-9, 1);
    return {
      level: Math.log(u / (1 - u + 1e-12)),
      slope: keys.map(() => between(-4, 4)),
      phase: between(0, 2 * Math.PI),
    };
  });
  return (setting: Setting) => {
    const x = place(setting);
    const off = shape.map((row) => row.reduce((sum, b, d) => sum + b * (x[d] - centre[d]), 0));
    const quality = height - off.reduce((sum, v) => sum + v * v, 0);
    return own.map(
      ({ level, slope, phase }) =>
        quality + level + 0.7 * Math.sin(slope.reduce((sum, a, d) => sum + a * x[d], phase)),
    );
  };
}

test("grid: every setting once; most right wins, of equals the least departure, then the first", async () => {
  const counts = [3, 5, 5, 5, 1, 5];
  const departures = [0, 4, 2, 2, 0, 3];
  const settings = counts.map((_, v) => ({ v }));
  const margins = ({ v }: { v: number }) =>
    Array.from({ length: 6 }, (_, i) => (i < counts[v] ? 0.5 : -0.5));
  const { task, asked } = counted(settings, 6, margins, ({ v }) => departures[v]);
  expect(await grid(task)).toEqual({ setting: settings[2], correct: 5, imageInferences: 36 });
  expect(asked).toEqual(settings);
});

test("only a positive margin is right", async () => {
  const { task } = counted([{ v: 0 }], 5, () => [1e-45, 0, -0, Number.NaN, Infinity]);
  expect((await grid(task)).correct).toBe(2);
});

test.each([
  ["λ' and β", [13, 23], 100, 30],
  ["λ' and β, few images", [13, 23], 10, 30],
  ["λ' and β, many images", [13, 23], 1000, 3],
  ["one number", [299], 100, 30],
  ["three numbers", [7, 7, 7], 100, 20],
])(
  "race, logistic hills, %s: within one image of the grid at a tenth of its cost",
  async (_, sizes, images, trials) => {
    const settings = gridOf(...sizes);
    let good = 0;
    for (let trial = 0; trial < trials; trial++) {
      const random = new RandomSource(31).stream(`hill ${sizes} ${images} ${trial}`);
      const { task, asked } = counted(settings, images, logisticHill(settings, images, random));
      const { counts, best } = await exhaustive(task);
      asked.length = 0;
      const found = await race(task);
      expect(found.correct).toBeGreaterThanOrEqual(best - 1);
      expect(found.correct).toBe(counts[settings.indexOf(found.setting)]);
      expect(found.imageInferences).toBeLessThanOrEqual((settings.length * images) / 10);
      expect(found.imageInferences).toBe(asked.length * images);
      expect(new Set(asked).size).toBe(asked.length);
      good += counts.filter((c) => c >= best - 1).length / settings.length / trials;
    }
    // So few settings are good enough that luck would not do.
    if (images >= 100 && sizes.length > 1) expect(good).toBeLessThan(1 / 20);
  },
);

test("race: no random numbers, and independent of the images' order", async () => {
  const settings = gridOf(13, 23);
  const hill = logisticHill(settings, 100, new RandomSource(32).stream("hill"));
  const { task, asked } = counted(settings, 100, hill);
  const first = await race(task);
  const order = [...asked];
  asked.length = 0;
  expect(await race(task)).toEqual(first);
  expect(asked).toEqual(order);
  const turned = counted(settings, 100, (s) => hill(s).reverse());
  expect((await race(turned.task)).correct).toBe(first.correct);
});

test("race: starts from the least departure, which wins where all settings are alike", async () => {
  const settings = gridOf(13, 23);
  const { task, asked } = counted(
    settings,
    4,
    () => [1, 1, -1, 1],
    (s) => Math.hypot(s.lambda - 1, s.beta - 1.3),
  );
  const found = await race(task);
  expect(found.setting).toEqual({ lambda: 1, beta: 1.3 });
  expect(asked[0]).toBe(found.setting);
  expect(found.correct).toBe(3);
});

test("race: logarithmic and shuffled lists are as good as even ones", async () => {
  const even = gridOf(13, 23);
  const hill = logisticHill(even, 100, new RandomSource(33).stream("hill"));
  const { best } = await exhaustive(counted(even, 100, hill).task);
  const order = even.map((_, i) => (i * 100) % even.length); // 100 and 299 have no common factor
  const uneven = order.map((i) => ({
    lambda: 10 ** (10 * even[i].lambda),
    beta: -Math.exp(-3 * even[i].beta),
  }));
  const back = new Map(uneven.map((s, k) => [s, even[order[k]]]));
  const { task } = counted(uneven, 100, (s) => hill(back.get(s)!));
  const found = await race(task);
  expect(found.correct).toBeGreaterThanOrEqual(best - 1);
  expect(found.imageInferences).toBeLessThanOrEqual(2990);
});

test.each<[string, Setting[], number]>([
  ["one setting", [{ lambda: 1 }], 1],
  ["nine settings", gridOf(9), 9],
  ["ten of one number", gridOf(10), 10],
  ["4 x 5 of two numbers", gridOf(4, 5), 20],
  ["settings without common numbers", gridOf(40).map((s, i) => (i % 2 ? s : { p: s.lambda })), 40],
  ["one setting many times", Array.from({ length: 30 }, () => ({ lambda: 1 })), 30],
])("race: %s are a grid", async (_, settings, tried) => {
  const { task, asked } = counted(settings, 10, (s) =>
    Array.from({ length: 10 }, (_, i) => Object.values(s)[0] - 0.1 * i),
  );
  expect(await race(task)).toEqual(await grid(task));
  expect(asked.length).toBe(2 * tried);
  expect(mostCost("race", settings, 10)).toEqual({ imageInferences: 10 * tried, swaps: tried });
});

test("race: margins that say nothing end it without a fault", async () => {
  const settings = gridOf(13, 23);
  for (const value of [0, Number.NaN, -1, Infinity, -Infinity, 1e-40]) {
    const { task } = counted(settings, 10, () => new Float32Array(10).fill(value));
    const found = await race(task);
    expect(found.correct).toBe(value > 0 ? 10 : 0);
    expect(found.imageInferences).toBeLessThanOrEqual(299);
  }
  const noise = new RandomSource(34).stream("noise");
  const { task } = counted(settings, 1, () => [noise.normal()]);
  expect((await race(task)).imageInferences).toBeLessThanOrEqual(29);
});

test("race: settings that repeat are no trouble", async () => {
  const settings = [...gridOf(13, 23), ...gridOf(13, 23)];
  const hill = logisticHill(settings, 50, new RandomSource(35).stream("hill"));
  const { task } = counted(settings, 50, hill);
  const { best } = await exhaustive(task);
  expect((await race(task)).correct).toBeGreaterThanOrEqual(best - 1);
});

test("most cost: a tenth, but 10 to 30 settings for each number", () => {
  const swaps = (...sizes: number[]) => mostCost("race", gridOf(...sizes), 100).swaps;
  expect(swaps(13, 23)).toBe(29);
  expect(swaps(5, 8)).toBe(20);
  expect(swaps(40, 40)).toBe(60);
  expect(swaps(250)).toBe(25);
  expect(swaps(1000)).toBe(30);
  expect(swaps(7, 7, 7)).toBe(34);
  // A number that never varies says nothing.
  expect(mostCost("race", gridOf(1, 250), 100).swaps).toBe(25);
  expect(mostCost("grid", gridOf(13, 23), 100)).toEqual({ imageInferences: 29_900, swaps: 299 });
});

test("race in a study: the embedded model, within one image of the grid at a tenth of its cost", async () => {
  const scenario = fileURLToPath(new URL("../../scenarios/quickstart.yaml", import.meta.url));
  const plan = await loadScenario(scenario, {
    seed: 36,
    overrides: [
      "sweep.channel.wnrDb=[1, 5]",
      "trials=2",
      `receivers=[${["grid", "race"].map((search) => `{ name: mmse-pb, label: ${search}, search: ${search}, lambda: "0.8:0.025:1.1", beta: "-2.2:0.2:2.2" }`).join(", ")}]`,
      "dataset.testImages=100",
      "threads=1", // two threads that wait for each other on a busy machine are slower than one
    ],
  });
  const study = await prepareStudy(plan);
  const runner = new TrialRunner(plan, [...study.benches.values()][0]);
  for (const point of [0, 1]) {
    for (let trial = 0; trial < 2; trial++) {
      const { results } = await runner.run({ point, trial });
      const [all, raced] = results.map((r: TrialResult) => r.search!);
      expect(all).toMatchObject({ method: "grid", settings: 299, imageInferences: 29_900 });
      expect(raced).toMatchObject({ method: "race", settings: 299, images: 100 });
      expect(raced.correct).toBeGreaterThanOrEqual(all.correct - 1);
      expect(raced.imageInferences).toBeLessThanOrEqual(2990);
    }
  }
  await closeStudy(study);
}, 120_000);
