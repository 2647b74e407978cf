import { freemem } from "node:os";
import { performance } from "node:perf_hooks";
import { sliceExamples } from "../models/fit-inputs.js";
import { unlabelledImages } from "../receiver/refinements/chain.js";
import { counted } from "../report/wording.js";
import { describePoint, loadScenario, type PlannedPoint } from "../scenario/load.js";
import { estimatorOf, type ReceiverSettings } from "../scenario/schema.js";
import { type Bench, benchKey } from "../study/bench.js";
import { mostCost } from "../study/search.js";
import { closeStudy, prepareStudy } from "../study/study.js";
import { transmit } from "../study/transmission.js";
import { transmissionOf } from "../study/trial.js";
import { type Workforce, workerBytes } from "../study/workforce.js";
import { duration } from "./progress.js";

export interface PlanArguments {
  readonly scenario: string;
  readonly set: readonly string[];
  readonly seed?: number | undefined;
  readonly yes: boolean;
  readonly workers: number | "auto";
  readonly json: boolean;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

/** What `--json` prints. */
interface Forecast {
  readonly scenario: string;
  readonly points: readonly {
    readonly parameters: PlannedPoint["parameters"];
    readonly imageInferencesPerTrial: number;
    readonly secondsPerTrial: number;
  }[];
  /** Points that a constraint leaves out. */
  readonly dropped: number;
  readonly trialsPerPoint: Range & { readonly halfWidth?: number };
  readonly trials: Range;
  /** Where a receiver races, the most that it spends. */
  readonly imageInferences: Range;
  readonly races: boolean;
  readonly seconds: Range;
  readonly workforce: Workforce;
  /** At most: this process as it is now, and every worker. */
  readonly memoryBytes: number;
  readonly freeBytes: number;
}

/** `weightlink plan`: what a run would do and take, from a few inferences with each model. */
export async function plan(args: PlanArguments): Promise<void> {
  const { scenario, set: overrides, seed, yes, workers } = args;
  const loaded = await loadScenario(scenario, { overrides, seed, yes });
  const prepared = await prepareStudy(loaded, { workers });
  const { points, study } = loaded;
  const { benches, workforce } = prepared;
  const prices = new Map<string, Prices>();
  const forecasts: Forecast["points"][number][] = [];
  for (const point of points) {
    const key = benchKey(point.settings);
    const bench = benches.get(key)!;
    if (!prices.has(key)) {
      const transmission = transmissionOf(loaded, point, bench, 0);
      const start = performance.now();
      transmit(transmission, new Float32Array(bench.layout.size));
      const transmitS = (performance.now() - start) / 1000;
      const measured = await measure(bench, workforce.threads, study.batch);
      prices.set(key, { transmitS, ...measured });
    }
    const receivers = point.settings.receivers as ReceiverSettings[];
    const cost = trialCost(receivers, bench.test.count, prices.get(key)!);
    forecasts.push({ parameters: point.parameters, ...cost });
  }
  await closeStudy(prepared);

  const range = (perTrial: number): Range => ({
    min: perTrial * study.trials.min,
    max: perTrial * study.trials.max,
  });
  const sum = (key: "imageInferencesPerTrial" | "secondsPerTrial") =>
    forecasts.reduce((total, forecast) => total + forecast[key], 0);
  const each = [...benches.values()].reduce((bytes, bench) => bytes + workerBytes(bench), 0);
  const forecast: Forecast = {
    scenario: loaded.file,
    points: forecasts,
    dropped: loaded.dropped,
    trialsPerPoint: study.trials,
    trials: range(points.length),
    imageInferences: range(sum("imageInferencesPerTrial")),
    races: points.some(({ settings }) =>
      (settings.receivers as ReceiverSettings[]).some((r) => r.search === "race"),
    ),
    seconds: range(sum("secondsPerTrial") / workforce.workers),
    workforce,
    memoryBytes: process.memoryUsage.rss() + workforce.workers * each,
    freeBytes: freemem(),
  };
  process.stdout.write(args.json ? `${JSON.stringify(forecast)}\n` : textOf(forecast));
}

/** Seconds that the parts of a trial take. */
interface Prices {
  readonly transmitS: number;
  readonly swapS: number;
  readonly imageS: number;
}

/** Inferences are timed for at least this long [s]. */
const measureS = 0.5;

async function measure(bench: Bench, threads: number, batch: number) {
  const scorer = await bench.model.openScorer(bench.layout, { threads });
  try {
    await scorer.setWeights(bench.weights); // the first also loads code
    const count = Math.min(batch, bench.test.count);
    const inputs = sliceExamples(bench.test, 0, count);
    await scorer.run(inputs, count);
    let start = performance.now();
    await scorer.setWeights(bench.weights);
    const swapS = (performance.now() - start) / 1000;
    await scorer.run(inputs, count);
    start = performance.now();
    let images = 0;
    let seconds = 0;
    while (seconds < measureS) {
      await scorer.run(inputs, count);
      images += count;
      seconds = (performance.now() - start) / 1000;
    }
    return { swapS, imageS: seconds / images };
  } finally {
    await scorer.close();
  }
}

function trialCost(
  receivers: readonly ReceiverSettings[],
  testImages: number,
  { transmitS, swapS, imageS }: Prices,
) {
  let images = 0;
  let swaps = 0;
  for (const receiver of receivers) {
    const before = swaps;
    const settings = estimatorOf(receiver).settings(receiver as never);
    if (settings.length > 1) {
      const searched = receiver.choose === "oracle" ? testImages : receiver.kappa;
      const most = mostCost(receiver.search, settings, searched);
      images += most.imageInferences;
      swaps += most.swaps;
    }
    // The oracle has counted on the test images already.
    if (settings.length === 1 || receiver.choose !== "oracle") {
      images += testImages;
      swaps++;
    }
    // Statistics are measured in a session of their own, of every network that is opened.
    const unlabelled = unlabelledImages(receiver.refine);
    const opened = unlabelled > 0 ? swaps - before : 0;
    images += opened * unlabelled;
    swaps += opened;
  }
  return {
    imageInferencesPerTrial: images,
    secondsPerTrial: transmitS + swaps * swapS + images * imageS,
  };
}

/** Points that the text lists. */
const listedPoints = 20;

function textOf(forecast: Forecast): string {
  const { points, dropped, trials, trialsPerPoint, imageInferences, seconds, workforce } = forecast;
  const lines = [`${forecast.scenario}: ${counted(points.length, "point")}`];
  if (dropped > 0) lines[0] += ` (${dropped} left out by constraints)`;
  for (const [i, point] of points.slice(0, listedPoints).entries()) {
    const { secondsPerTrial, imageInferencesPerTrial } = point;
    lines.push(
      `  ${i}: ${describePoint(point) || "nothing is swept"}; ${grouped(imageInferencesPerTrial)} image inferences, ${seconds2(secondsPerTrial)} a trial`,
    );
  }
  if (points.length > listedPoints) {
    lines.push(`  … and ${points.length - listedPoints} more; --json lists all`);
  }
  const { halfWidth } = trialsPerPoint;
  const until =
    halfWidth === undefined ? "" : `, until every interval is at most ±${100 * halfWidth} %`;
  lines.push(
    `trials            ${span(trials, grouped)}: ${span(trialsPerPoint, grouped)} at each point${until}`,
    `image inferences  ${span(imageInferences, grouped)}${forecast.races ? " (a race at its most)" : ""}`,
    `workers           ${workforce.workers} of ${workforce.threads === 0 ? "all threads" : counted(workforce.threads, "thread")}: ${workforce.reason}`,
    `time              about ${span(seconds, (s) => duration(1000 * s))} on this machine as busy as it is now`,
    `memory            up to ${gigabytes(forecast.memoryBytes)} of ${gigabytes(forecast.freeBytes)} free`,
  );
  return `${lines.join("\n")}\n`;
}

function span({ min, max }: Range, text: (value: number) => string): string {
  return text(min) === text(max) ? text(max) : `${text(min)} to ${text(max)}`;
}

const grouped = (value: number) => Math.round(value).toLocaleString("en");
const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
const seconds2 = (seconds: number) => `${Number(seconds.toPrecision(2))} s`;
