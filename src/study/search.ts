/**
 * The choice of a setting on labelled images (docs/search.md):
 *
 *   grid   every setting on every image; the most right wins, of equals the least departure
 *   race   a few settings on every image, each chosen by what a model of the margins (surrogate.ts)
 *          expects of it after the ones before
 *
 * The race tries settings spread over the whole grid first, then always the one with the largest expected
 * gain over the best so far, E[max(0, count − best)]. Where that is negligible it spreads a few more, to
 * see whether the model has missed something, and ends; or it ends when it has cost its share. It draws
 * no random numbers. Its constants were chosen on the networks and grids of docs/search.md.
 *
 * Source: Jones, Schonlau, Welch, "Efficient Global Optimization of Expensive Black-Box Functions",
 * J. Global Optimization 13 (1998) 455, eq. (15).
 */
import type { Setting } from "../receiver/estimator.js";
import { normalProbability, Surrogate } from "./surrogate.js";

export interface SearchTask<S extends Setting = Setting> {
  /** At least one. */
  readonly settings: readonly S[];
  /** κ */
  readonly images: number;
  /** Of settings that do equally well, the one with the least is chosen. */
  departure(setting: S): number;
  /** Of each image the score of its class less the largest other; positive where the image is right. */
  margins(setting: S): Promise<Float32Array>;
}

export interface SearchOutcome<S extends Setting = Setting> {
  readonly setting: S;
  /** Of all images, with this setting. */
  readonly correct: number;
  readonly imageInferences: number;
}

export type SearchMethod = <S extends Setting>(task: SearchTask<S>) => Promise<SearchOutcome<S>>;

/** Settings that the race may try: a tenth, but for each coordinate at least 10 and at most 30. */
const share = 1 / 10;
const leastPerCoordinate = 10;
const mostPerCoordinate = 30;
/** Settings per coordinate that are spread out before the model is asked. */
const spreadPerCoordinate = 5;
/** Images that the next setting must be expected to gain. */
const negligibleGain = 0.02;
/** Times per coordinate that the model is not believed when it expects no gain. */
const doubtsPerCoordinate = 2;
/** The model errs on many images at once, so counts deviate by more than if each erred by itself. */
const togetherness = 2;

const grid: SearchMethod = async (task) => {
  const tried = new Tried(task);
  for (const setting of task.settings) await tried.add(setting);
  return tried.outcome;
};

const race: SearchMethod = async (task) => {
  const { settings, images } = task;
  const points = coordinates(settings);
  const dimensions = points[0].length;
  const most = mostRaced(settings);
  if (most === settings.length) return grid(task);

  const tried = new Tried(task);
  const surrogate = new Surrogate(dimensions, images);
  const left = new Set(settings.keys());
  const visit = async (index: number) => {
    left.delete(index);
    surrogate.add(points[index], await tried.add(settings[index]));
  };
  const order = spread(points, nearest(task), most);
  for (const index of order.slice(0, spreadPerCoordinate * dimensions)) await visit(index);
  let doubts = doubtsPerCoordinate * dimensions;
  while (tried.count < most) {
    surrogate.fit();
    let next = -1;
    let largest = -1;
    for (const index of left) {
      const { mean, deviation } = surrogate.predict(points[index]);
      const gain = expectedGain(mean - tried.outcome.correct, togetherness * deviation);
      if (gain > largest) [next, largest] = [index, gain];
    }
    if (largest < negligibleGain) {
      if (doubts === 0) break;
      doubts--;
      next = order.find((index) => left.has(index))!;
    }
    await visit(next);
  }
  return tried.outcome;
};

export const searchMethods = { grid, race } as const;

/** The most that a search costs: images scored, and settings that the network is opened with. */
export function mostCost(
  method: keyof typeof searchMethods,
  settings: readonly Setting[],
  images: number,
): { imageInferences: number; swaps: number } {
  const swaps = method === "grid" ? settings.length : mostRaced(settings);
  return { imageInferences: swaps * images, swaps };
}

/** How many settings a race may try; all of them where it has nothing to go by. */
function mostRaced(settings: readonly Setting[]): number {
  const dimensions = coordinates(settings)[0].length;
  const least = leastPerCoordinate * dimensions;
  // Numbers that the settings share tell which of them are alike.
  if (dimensions === 0 || !haveSameKeys(settings) || settings.length <= least) {
    return settings.length;
  }
  const tenth = Math.floor(share * settings.length);
  return Math.min(Math.max(tenth, least), mostPerCoordinate * dimensions);
}

/** The best of the settings tried so far, and what they cost. */
class Tried<S extends Setting> {
  readonly #task: SearchTask<S>;
  #best: { setting: S; correct: number } | undefined;
  count = 0;

  constructor(task: SearchTask<S>) {
    this.#task = task;
  }

  /** Gives the margins of all images. */
  async add(setting: S): Promise<Float32Array> {
    const { departure } = this.#task;
    const margins = await this.#task.margins(setting);
    const correct = margins.reduce((sum, margin) => sum + (margin > 0 ? 1 : 0), 0);
    const best = this.#best;
    if (
      best === undefined ||
      correct > best.correct ||
      (correct === best.correct && departure(setting) < departure(best.setting))
    ) {
      this.#best = { setting, correct };
    }
    this.count++;
    return margins;
  }

  get outcome(): SearchOutcome<S> {
    return { ...this.#best!, imageInferences: this.count * this.#task.images };
  }
}

/** E[max(0, X)] for normal X. */
function expectedGain(mean: number, deviation: number): number {
  if (!(deviation > 0)) return Math.max(0, mean);
  const z = mean / deviation;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  return mean * normalProbability(z) + deviation * density;
}

/**
 * Where each setting lies between the least and the largest of every number that varies, 0 to 1. Values
 * count by their rank, so logarithmic lists are as even as linear ones.
 */
function coordinates(settings: readonly Setting[]): Float64Array[] {
  const axes = Object.keys(settings[0]).flatMap((key) => {
    const values = [...new Set(settings.map((s) => s[key]))].sort((a, b) => a - b);
    const places = new Map(values.map((value, rank) => [value, rank / (values.length - 1)]));
    return values.length > 1 ? [{ key, places }] : [];
  });
  return settings.map((s) => Float64Array.from(axes, ({ key, places }) => places.get(s[key])!));
}

function haveSameKeys(settings: readonly Setting[]): boolean {
  const keys = (s: Setting) => Object.keys(s).sort().join();
  return settings.every((s) => keys(s) === keys(settings[0]));
}

/** The setting of least departure. */
function nearest<S extends Setting>({ settings, departure }: SearchTask<S>): number {
  let least = 0;
  for (let i = 1; i < settings.length; i++) {
    if (departure(settings[i]) < departure(settings[least])) least = i;
  }
  return least;
}

/**
 * `count` different points, `first` and then those nearest to a sequence that fills the unit cube evenly:
 * multiples of (1/φ, 1/φ², …) modulo 1, where φ^(d+1) = φ + 1, the golden ratio for d = 1.
 */
function spread(points: readonly Float64Array[], first: number, count: number): number[] {
  const dimensions = points[0].length;
  let phi = 2;
  for (let i = 0; i < 60; i++) phi = (1 + phi) ** (1 / (dimensions + 1));
  const chosen = new Set([first]);
  for (let t = 1; chosen.size < count; t++) {
    const target = Float64Array.from(
      { length: dimensions },
      (_, d) => (0.5 + t / phi ** (d + 1)) % 1,
    );
    let next = -1;
    let least = Infinity;
    points.forEach((point, i) => {
      const distance = squaredDistance(point, target);
      if (distance < least && !chosen.has(i)) [next, least] = [i, distance];
    });
    chosen.add(next);
  }
  return [...chosen];
}

function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += (a[d] - b[d]) ** 2;
  return sum;
}
