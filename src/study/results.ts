/**
 * What a study leaves behind. `results.json` is a RunResult, `results.csv` its trials.
 * A ratio without noise is infinite; JSON has no such number, so results.json holds "Infinity".
 */

export type ParameterValue = number | string | boolean;

/** What a receiver was told beyond the received symbols. */
export type SideInformation = "noise variance" | "prior moments" | "labelled images";

/** One transmission with one noise realisation, seen through one estimator. */
export interface TrialResult {
  readonly point: number;
  readonly trial: number;
  readonly estimator: string;
  /** Swept parameters by their path in the scenario. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** mean(w^2) / noise variance, per real dimension at the estimator's input [dB]. */
  readonly snrDb: number;
  /** Var[w] / noise variance, per real weight at the estimator's input [dB]. */
  readonly wnrDb: number;
  readonly correct: number;
  readonly total: number;
  readonly accuracy: number;
  /** mean((estimate - w)^2) over the weights sent. */
  readonly mse: number;
  /** mse / mean(w^2). */
  readonly nmse: number;
  readonly airtimeS: number;
  /** Mean symbol energy x symbols, in units of the mean symbol energy. */
  readonly energy: number;
  readonly packets: number;
  /** The estimator's setting in this trial, e.g. { lambda: 1.01, beta: -0.4 }. */
  readonly setting: Readonly<Record<string, number>>;
  /** How the setting was chosen, where there was more than one. */
  readonly search?: SearchRecord;
}

export interface SearchRecord {
  /** "oracle" looked at the test images: an upper bound, not a receiver. */
  readonly chosenBy: "validation" | "oracle";
  /** Labelled images looked at. */
  readonly images: number;
  /** Of those, how many the chosen setting got right. */
  readonly correct: number;
  readonly settings: number;
  /** Settings left out because they lie at or beyond the pole lambda' = 1 + eta. */
  readonly leftOut: number;
  readonly imageInferences: number;
}

/** One estimator at one point, over its trials. */
export interface PointSummary {
  readonly point: number;
  readonly estimator: string;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** Index into the run's models. */
  readonly model: number;
  readonly trials: number;
  readonly accuracy: number;
  /** Over trials (n − 1); null with fewer than two. */
  readonly standardDeviation: number | null;
  /** Student t 95 % interval of the mean accuracy over trials; null with fewer than two trials. */
  readonly interval95: readonly [number, number] | null;
  readonly snrDb: number;
  readonly wnrDb: number;
  readonly nmse: number;
}

/** A network and the images that score it. */
export interface ModelRecord {
  readonly name: string;
  readonly format: string;
  readonly runtime: string;
  readonly travellingWeights: number;
  readonly travellingTensors: number;
  /** Of the weights that travel. */
  readonly meanSquare: number;
  readonly variance: number;
  readonly mean: number;
  readonly dataset: { readonly name: string; readonly classes: number; readonly images: number };
  /** The network as it left, scored on the same images. */
  readonly clean: { readonly correct: number; readonly total: number };
}

export interface RunResult {
  readonly weightlink: string;
  readonly name: string;
  readonly title: string;
  /** Scenario file as given on the command line. */
  readonly scenarioFile: string;
  /** Its text, so that the run can be repeated from the results alone. */
  readonly scenarioText: string;
  /** `--set` overrides, in order. */
  readonly overrides: readonly string[];
  /** The scenario after overrides and defaults, as data. */
  readonly scenario: unknown;
  /** Command that repeats the run. */
  readonly command: string;
  readonly seed: number;
  readonly versions: Readonly<Record<string, string>>;
  /** Conventions that the numbers follow, by column. */
  readonly conventions: Readonly<Record<string, string>>;
  /** The networks that were sent; one, unless the model, its layout or the data set is swept. */
  readonly models: readonly ModelRecord[];
  /** SHA-256 of every model and data file read. */
  readonly files: Readonly<Record<string, string>>;
  readonly estimators: readonly {
    readonly label: string;
    readonly name: string;
    readonly needs: readonly SideInformation[];
    /** True when it looked at the test images. */
    readonly oracle: boolean;
  }[];
  /** Swept parameters: path, axis title with unit, values. */
  readonly axes: readonly {
    readonly path: string;
    readonly title: string;
    readonly values: readonly ParameterValue[];
  }[];
  readonly points: number;
  readonly trialsPerPoint: number;
  /** What the reader should know of single points, e.g. that a receiver has no result there. */
  readonly notes: readonly string[];
  /** False when the run was interrupted; then only finished trials are listed. */
  readonly complete: boolean;
  readonly startedAt: string;
  readonly elapsedS: number;
  readonly summary: readonly PointSummary[];
  readonly trials: readonly TrialResult[];
}
