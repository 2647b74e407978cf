/**
 * Trials with a known truth. In trial k all curves are shifted along the axis by s z_k dB, z_k normal:
 *
 *   p(x) = 0.1 + 0.88 / (1 + exp(−(x − middle − s z_k) / 1.3))
 *
 * and the count of correct images is binomial around it, by its normal approximation. Numbers come from
 * seedrandom through Box and Muller, so that a simulation leans on no random numbers of the project.
 */
import seedrandom from "seedrandom";
import type { RunResult, TrialResult } from "../../src/study/results.js";

export const ratiosDb = [-2, 0, 2, 4, 6, 8, 10];

export const ratioAxis: RunResult["axes"][number] = {
  path: "channel.wnrDb",
  title: "WNR [dB]",
  values: ratiosDb,
};

export interface Simulation {
  /** By estimator: where its curve is half way up [dB]. */
  readonly middlesDb: Readonly<Record<string, number>>;
  /** Standard deviation of a trial's shift [dB]. */
  readonly shiftDb: number;
  /** Correlation of any two estimators' shifts in a trial, 0 to 1. */
  readonly correlation: number;
  /** By point. */
  readonly trials: (point: number) => number;
  /** A trial shifts all points alike. */
  readonly commonNoise: boolean;
  readonly ratiosDb?: readonly number[];
}

export function normals(seed: string): () => number {
  const uniform = seedrandom.alea(seed);
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

export function simulatedTrials(normal: () => number, simulation: Simulation): TrialResult[] {
  const points = simulation.ratiosDb ?? ratiosDb;
  const estimators = Object.keys(simulation.middlesDb);
  const [common, own] = [Math.sqrt(simulation.correlation), Math.sqrt(1 - simulation.correlation)];
  const draw = () => {
    const z = normal();
    return estimators.map(() => common * z + own * normal());
  };
  const most = Math.max(...points.map((_, point) => simulation.trials(point)));
  const shared = Array.from({ length: most }, draw);
  return points.flatMap((ratioDb, point) =>
    Array.from({ length: simulation.trials(point) }, (_, trial) => {
      const z = simulation.commonNoise ? shared[trial]! : draw();
      return estimators.map((estimator, e) => {
        const middleDb = simulation.middlesDb[estimator]! + simulation.shiftDb * z[e]!;
        const p = curve(ratioDb - middleDb);
        const correct = Math.round(total * p + Math.sqrt(total * p * (1 - p)) * normal());
        return trialResult({ point, trial, estimator, ratioDb, correct });
      });
    }).flat(),
  );
}

/** Mean accuracy over the shifts, by summing over a grid of z. */
export function trueAccuracy(ratioDb: number, middleDb: number, shiftDb: number): number {
  let sum = 0;
  let weights = 0;
  for (let z = -8; z <= 8; z += 0.01) {
    const weight = Math.exp((-z * z) / 2);
    sum += weight * curve(ratioDb - middleDb - shiftDb * z);
    weights += weight;
  }
  return sum / weights;
}

/** Where the straight lines between the true accuracies of the points reach the target [dB]. */
export function trueRequiredDb(middleDb: number, shiftDb: number, target: number): number {
  const truth = ratiosDb.map((ratioDb) => trueAccuracy(ratioDb, middleDb, shiftDb));
  const above = truth.findIndex((accuracy) => accuracy >= target); // the truth rises throughout
  const [low, high] = [truth[above - 1]!, truth[above]!];
  const step = ratiosDb[above]! - ratiosDb[above - 1]!;
  return ratiosDb[above - 1]! + ((target - low) / (high - low)) * step;
}

const total = 1000;

function curve(u: number): number {
  return 0.1 + 0.88 / (1 + Math.exp(-u / 1.3));
}

/** A trial at a swept WNR; other fields have values of their own. */
export function trialResult(
  given: Partial<TrialResult> & {
    point: number;
    trial: number;
    estimator: string;
    ratioDb: number;
    correct: number;
  },
): TrialResult {
  const { ratioDb, ...rest } = given;
  return {
    parameters: { [ratioAxis.path]: ratioDb },
    snrDb: ratioDb + 0.1,
    wnrDb: ratioDb,
    total,
    accuracy: given.correct / (given.total ?? total),
    mse: 2e-4,
    nmse: 0.5,
    equivalentWnrDb: ratioDb - 0.2,
    outageRate: 0.125,
    erasureRate: 0.0625,
    airtimeS: 0.25,
    latencyS: 0.3,
    energy: 5000,
    packets: 3,
    retransmissions: 1,
    sideBits: 64,
    setting: {},
    ...rest,
  };
}
