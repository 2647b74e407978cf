/**
 * How often the intervals of a study cover the truth, on simulated trials whose truth is known: the
 * figures of docs/statistics.md. Not part of `npm run bench`; takes a few minutes:
 *
 *   npx tsx test/bench/coverage.ts
 */
import { RandomSource } from "../../src/kernel/index.js";
import { bootstrapMeans, percentileInterval95 } from "../../src/math/bootstrap.js";
import { mean, meanInterval95 } from "../../src/math/statistics.js";
import { lastCrossing, requiredRatios } from "../../src/study/required.js";
import { nextRound } from "../../src/study/schedule.js";
import {
  normals,
  ratioAxis,
  type Simulation,
  simulatedTrials,
  trueAccuracy,
  trueRequiredDb,
} from "../study/simulated-trials.js";

type Interval = readonly [number | null, number | null] | null;

/** Counts how often intervals cover a truth; an open bound covers, no interval does not. */
class Coverage {
  #covered = 0;
  #open = 0;
  #studies = 0;
  constructor(readonly truth: number) {}

  add(interval: Interval): void {
    this.#studies++;
    if (interval === null) return;
    const [low, high] = interval;
    if (low === null || high === null) this.#open++;
    if ((low ?? -Infinity) <= this.truth && this.truth <= (high ?? Infinity)) this.#covered++;
  }

  get open(): string {
    return share(this.#open / this.#studies);
  }

  toString(): string {
    return share(this.#covered / this.#studies);
  }
}

const share = (fraction: number) => `${(100 * fraction).toFixed(1)} %`;
const line = (...cells: (string | number | Coverage)[]) => console.log(`| ${cells.join(" | ")} |`);
function header(...titles: string[]): void {
  console.log();
  line(...titles);
  line(...titles.map(() => "---:"));
}

/** Student t, the plain percentile interval and the expanded one, on the mean of normal values. */
function meanOfNormals(): void {
  const studies = 4000;
  header("trials", "Student t", "percentile, tails 0.025", "expanded (as used)");
  for (const n of [3, 5, 10, 20, 40]) {
    const normal = normals(`mean ${n}`);
    const units = [...Array(n).keys()];
    const source = new RandomSource("coverage");
    const [student, plain, expanded] = [new Coverage(0), new Coverage(0), new Coverage(0)];
    for (let study = 0; study < studies; study++) {
      const values = units.map(normal);
      const [means] = bootstrapMeans([{ units, values }], source.stream(`study ${study}`));
      student.add(meanInterval95(values));
      plain.add(percentileInterval95(means, 1e6));
      expanded.add(percentileInterval95(means, n));
    }
    line(n, student, plain, expanded);
  }
}

/** Largest departure of the crossing of straight lines from that of the curve, over places of the points. */
function interpolation(): void {
  header("accuracy", "points every 1 dB", "2 dB", "4 dB");
  for (const target of [0.6, 0.8, 0.9]) {
    const truth = -1.3 * Math.log(0.88 / (target - 0.1) - 1);
    const departures = [1, 2, 4].map((step) => {
      let largest = 0;
      for (let first = -20; first < step - 20; first += 0.01) {
        const x = Array.from({ length: 60 }, (_, i) => first + i * step);
        const y = x.map((ratioDb) => trueAccuracy(ratioDb, 0, 0));
        largest = Math.max(largest, Math.abs(lastCrossing(x, y, target) - truth));
      }
      return `${largest.toFixed(2)} dB`;
    });
    line(share(target), ...departures);
  }
}

/** Required WNR at 60 % and gain at 60 % of two logistic curves 2 dB apart, points every 2 dB. */
function requiredRatio(): void {
  const studies = 1000;
  const middlesDb = { ml: 5, pb: 3 };
  const cases: [string, (point: number) => number, boolean][] = [
    ["5", () => 5, true],
    ["10", () => 10, true],
    ["20", () => 20, true],
    ["40", () => 40, true],
    ["10, independent noise", () => 10, false],
    ["10 to 40", (point) => [10, 40, 13, 10, 25, 16, 20][point]!, true],
  ];
  header("trials", "shift of a trial [dB]", "required WNR", "gain", "open bounds");
  for (const [name, trials, commonNoise] of cases) {
    for (const shiftDb of [0.5, 1.5]) {
      const simulation: Simulation = { middlesDb, shiftDb, correlation: 0.9, trials, commonNoise };
      const normal = normals(`required ${name} ${shiftDb}`);
      const truth = Object.values(middlesDb).map((middle) => trueRequiredDb(middle, shiftDb, 0.6));
      const required = new Coverage(truth[0]!);
      const gain = new Coverage(truth[0]! - truth[1]!);
      for (let study = 0; study < studies; study++) {
        const [ml, pb] = requiredRatios(simulatedTrials(normal, simulation), {
          axes: [ratioAxis],
          estimators: ["ml", "pb"],
          baseline: "ml",
          gainAt: [0.6],
          commonNoise,
        });
        required.add(ml!.interval95);
        gain.add(pb!.gainInterval95);
      }
      line(name, shiftDb, required, gain, required.open);
    }
  }
}

/**
 * The stopping rule of src/study/schedule.ts on normal values with standard deviation 1, which
 * makes halfWidth a multiple of the trials' standard deviation.
 */
function stoppingRule(): void {
  const studies = 20_000;
  header("min", "max", "halfWidth / s.d.", "receivers", "coverage", "mean trials", "at max");
  for (const [min, max, halfWidth, receivers] of [
    [3, 100, 0.5, 1],
    [5, 100, 0.25, 1],
    [5, 100, 0.5, 1],
    [5, 100, 1, 1],
    [10, 100, 0.5, 1],
    [20, 100, 0.5, 1],
    [5, 20, 0.5, 1],
    [5, 100, 0.5, 3],
    [10, 100, 0.5, 3],
  ] as const) {
    const normal = normals(`stopping ${min} ${max} ${halfWidth} ${receivers}`);
    const coverage = new Coverage(0);
    const counts: number[] = [];
    for (let study = 0; study < studies; study++) {
      const values: number[][] = Array.from({ length: receivers }, () => []);
      for (let wanted: number = min; ; wanted = nextRound(wanted, { min, max })) {
        while (values[0]!.length < wanted) {
          const common = normal();
          // Receivers on the same noise: correlation 0.9.
          for (const list of values) {
            list.push(Math.sqrt(0.9) * common + Math.sqrt(0.1) * normal());
          }
        }
        const isWide = values.some((list) => {
          const [low, high] = meanInterval95(list)!;
          return (high - low) / 2 > halfWidth;
        });
        if (!isWide || wanted === max) break;
      }
      coverage.add(meanInterval95(values[0]!));
      counts.push(values[0]!.length);
    }
    const atMax = counts.filter((n) => n === max).length / studies;
    line(min, max, halfWidth, receivers, coverage, mean(counts).toFixed(1), share(atMax));
  }
}

meanOfNormals();
interpolation();
requiredRatio();
stoppingRule();
