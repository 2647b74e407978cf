/**
 * What a federated study leaves behind: `results.json` is a FederatedResult. All of it follows from the rounds of its
 * trainings.
 */
import type { ParameterValue, TargetRatio } from "../study/results.js";
import type { Course } from "./history.js";

/** Quantities along which a curve runs. */
export const progressKeys = ["round", "timeS", "airtimeS", "energy"] as const;
export type ProgressKey = (typeof progressKeys)[number];

/** What was spent up to the first scoring that reaches an accuracy. */
export interface TargetProgress {
  /** Test accuracy, 0 to 1. */
  readonly target: number;
  /** Trials that reach it; the means are over these. */
  readonly trials: number;
  readonly round: number | null;
  readonly timeS: number | null;
  readonly airtimeS: number | null;
  readonly energy: number | null;
}

/** A place of the mean curve of one receiver at one point. */
export interface CurvePlace {
  readonly round: number;
  /** Means over trials. */
  readonly timeS: number;
  readonly airtimeS: number;
  readonly energy: number;
  readonly accuracy: number;
  /** Student t 95 % interval of the mean accuracy over trials; null with fewer than two. */
  readonly interval95: readonly [number, number] | null;
}

/** One receiver at one point, over its finished trials. */
export interface CourseSummary {
  readonly point: number;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly receiver: string;
  readonly trials: number;
  /** Mean over trials, each a mean over the scorings of the last rounds. */
  readonly accuracy: number;
  readonly interval95: readonly [number, number] | null;
  /** Mean over trials of the accuracy after the last round, and of the best scoring. */
  readonly finalAccuracy: number;
  readonly bestAccuracy: number;
  /** Mean over rounds and trials of the aggregate's NMSE, and its median; null where there is none. */
  readonly nmse: number | null;
  readonly medianNmse: number | null;
  /** Median over rounds and trials of that of the model as devices receive it. */
  readonly medianDownlinkNmse: number | null;
  readonly timeS: number;
  readonly airtimeS: number;
  readonly energy: number;
  /** Rounds that were lost, devices that dropped out or were late, and trainings that diverged: means over trials. */
  readonly lostRounds: number;
  readonly missing: number;
  readonly diverged: number;
  readonly targets: readonly TargetProgress[];
  readonly curve: readonly CurvePlace[];
}

export interface FederatedHeader {
  readonly weightlink: string;
  readonly name: string;
  readonly title: string;
  readonly command: string;
  readonly scenarioFile: string;
  readonly scenarioText: string;
  readonly overrides: readonly string[];
  readonly scenario: unknown;
  /** Every default filled in. */
  readonly resolved: {
    readonly study: unknown;
    readonly points: readonly { readonly uplink: { readonly deviceSnrDb?: unknown } }[];
  };
  readonly files: Readonly<Record<string, string>>;
  readonly models: readonly {
    readonly name: string;
    readonly sha256: string;
    /** Floating-point numbers in all, and those that an update holds. */
    readonly size: number;
    readonly travelling: number;
  }[];
  readonly axes: readonly {
    readonly path: string;
    readonly title: string;
    readonly values: readonly ParameterValue[];
  }[];
  /** Parameters of every point. */
  readonly points: readonly Readonly<Record<string, ParameterValue>>[];
  /** Labels of the receivers at every point. */
  readonly receivers: readonly (readonly string[])[];
  readonly trials: number;
  readonly rounds: number;
  readonly lastRounds: number;
  readonly targets: readonly number[];
  readonly gainAt: readonly number[];
  readonly baseline: string;
  readonly classes: number;
}

export interface FederatedResult extends FederatedHeader {
  readonly complete: boolean;
  readonly finished: number;
  readonly wanted: number;
  readonly summary: readonly CourseSummary[];
  /** SNR that each receiver needs for an accuracy, where an SNR is swept, and its gain over the baseline. */
  readonly gains: readonly TargetRatio[];
  readonly notes: readonly string[];
}

/** A finished training with the label of its receiver. */
export interface FinishedCourse extends Course {
  readonly label: string;
}

/**
 * What energies at a point are counted in: P, which a device may spend per component, where the scheme is given its noise by
 * `deviceSnrDb`; else squared components of the updates, which go on the air as they are (uplink-noise.ts).
 */
export function energyUnit({ resolved }: Pick<FederatedHeader, "resolved">, point: number): string {
  return resolved.points[point].uplink.deviceSnrDb === undefined ? "updates²" : "P";
}

/** The units of all energies in a result; with more than one they do not compare. */
export const energyUnits = (result: FederatedResult): readonly string[] => [
  ...new Set(result.summary.map(({ point }) => energyUnit(result, point))),
];

/** The axis that gains go along: the first that is an SNR or a WNR. Noise is set, so no ratio needs to be measured. */
export const sweptRatio = (axes: FederatedHeader["axes"]) =>
  axes.find(({ path }) => /(snr|wnr)Db$/i.test(path));
