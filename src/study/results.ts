/**
 * What a study leaves behind. `results.json` is a RunResult; the trials are also in the run's store.
 * A ratio without noise is infinite; JSON has no such number, so results.json holds "Infinity".
 */

import type { PointSettings, StudySettings, TrialRule } from "../scenario/schema.js";

export type { TrialRule };

export type ParameterValue = number | string | boolean;

/**
 * What a receiver was told beyond the received symbols, in words and with its amount: "noise variance",
 * "prior moments per tensor, sent (42 numbers)", "100 labelled images".
 */
export type SideInformation = string;

/** What one transmission came to, whatever a receiver makes of it. */
export interface TransmissionFacts {
  /** mean(w^2) / mean noise variance, per real dimension at the estimator's input, over weights that arrived [dB]. */
  readonly snrDb: number;
  /** Var[w] / mean noise variance, per real weight at the estimator's input, over weights that arrived [dB]. */
  readonly wnrDb: number;
  /** WNR of the white noise that would cost a linear MMSE estimator as much, lost weights included [dB]. */
  readonly equivalentWnrDb: number;
  /** Components that did not arrive over components sent, all tries. */
  readonly outageRate: number;
  /** Weights that never arrived over weights. */
  readonly erasureRate: number;
  /** Time on the air, all tries. */
  readonly airtimeS: number;
  /** From the first packet's start to the last packet's arrival. */
  readonly latencyS: number;
  /** Mean symbol energy x symbols, in units of the mean symbol energy; pilots, prefixes and all tries included. */
  readonly energy: number;
  /** Packets sent at least once. */
  readonly packets: number;
  readonly retransmissions: number;
  /** What the receiver must be told, beyond scale and mean, to undo codes and to estimate [bits]; paid for in airtime, latency and energy. */
  readonly sideBits: number;
}

/** One transmission with one noise realisation, seen through one estimator. */
export interface TrialResult extends TransmissionFacts {
  readonly point: number;
  readonly trial: number;
  readonly estimator: string;
  /** Swept parameters by their path in the scenario. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly correct: number;
  readonly total: number;
  readonly accuracy: number;
  /** mean((estimate - w)^2) over the weights sent. */
  readonly mse: number;
  /** mse / mean(w^2). */
  readonly nmse: number;
  /** The estimator's setting in this trial, e.g. { lambda: 1.01, beta: -0.4 }. */
  readonly setting: Readonly<Record<string, number>>;
  /** How the setting was chosen, where there was more than one. */
  readonly search?: SearchRecord;
}

export interface SearchRecord {
  /** "oracle" looked at the test images: an upper bound, not a receiver. */
  readonly chosenBy: "validation" | "oracle";
  /** "grid" tried every setting on all images, "race" dropped settings on the way. */
  readonly method: "grid" | "race";
  /** Labelled images that the chosen setting was scored on. */
  readonly images: number;
  /** Of those, how many the chosen setting got right. */
  readonly correct: number;
  readonly settings: number;
  /** Settings left out because they lie at or beyond the pole lambda' = 1 + eta. */
  readonly leftOut: number;
  /** Images scored by any setting, the chosen one's included: what the search has cost. */
  readonly imageInferences: number;
}

/**
 * What transmissions at one point came to: means over trials, but the SNR and WNR of the mean noise variance, and the
 * equivalent WNR of the mean error.
 */
export type TransmissionMeans = Omit<TransmissionFacts, "packets">;

/** One estimator at one point, over its trials. */
export interface PointSummary extends TransmissionMeans {
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
  /** Percentile bootstrap 95 % interval of the mean over trials, expanded for few; null with fewer than two. */
  readonly bootstrap95: readonly [number, number] | null;
  /** Mean over trials, as searchImageInferences is. */
  readonly nmse: number;
  /** 0 where no setting was searched. */
  readonly searchImageInferences: number;
}

/** Two estimators at one point, trial by trial: they saw the same received symbols. */
export interface PairedDifference {
  readonly point: number;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly estimator: string;
  readonly baseline: string;
  /** Trials that both have. */
  readonly trials: number;
  /** Mean of accuracy(estimator) - accuracy(baseline). */
  readonly difference: number;
  /** Of the difference, over trials (n - 1); null with fewer than two. */
  readonly standardDeviation: number | null;
  /** Student t 95 % interval of the mean difference; null with fewer than two trials. */
  readonly interval95: readonly [number, number] | null;
  /** True where the interval leaves out 0. */
  readonly significant: boolean;
}

/** What an estimator needs for a target accuracy, interpolated on its curve. */
export interface TargetRatio {
  readonly estimator: string;
  /** Swept parameters that tell this curve from the estimator's others; not the one along the curve. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** Mean accuracy to reach, 0 to 1. */
  readonly target: number;
  readonly quantity: "snrDb" | "wnrDb";
  /** Smallest ratio from which the curve stays at or above the target [dB]; null where it never does. */
  readonly requiredDb: number | null;
  /** "below": the curve is above the target from its first point on; the ratio needed is not in the sweep. */
  readonly reached: "within" | "below" | "never";
  /** Percentile bootstrap 95 % interval over trials, expanded for few; a bound outside the sweep is null. */
  readonly interval95: readonly [number | null, number | null] | null;
  readonly baseline: string;
  /** required(baseline) - required(estimator) [dB]: positive where the estimator needs less; null for the baseline itself and where either is unknown. */
  readonly gainDb: number | null;
  readonly gainInterval95: readonly [number | null, number | null] | null;
}

/** The WNR that one tensor met at one point. */
export interface TensorSummary {
  readonly point: number;
  readonly tensor: string;
  readonly weights: number;
  /** As that of all weights, with the variance of this tensor; of the mean error over trials [dB]. */
  readonly equivalentWnrDb: number;
}

/** One transmission, packet by packet. */
export interface Timeline {
  readonly point: number;
  readonly trial: number;
  /** Tries of packets in the whole transmission; `packets` holds the first of them. */
  readonly packetsSent: number;
  /** In the order of arrival. */
  readonly packets: readonly {
    readonly sentAtS: number;
    readonly arrivedAtS: number;
    readonly symbols: number;
    /** 1 for the first transmission of a packet. */
    readonly attempt: number;
    /** Share of the packet that did not arrive. */
    readonly erased: number;
    /** mean(w^2) / noise variance of what arrived of this packet, per real dimension; -Infinity where nothing did [dB]. */
    readonly snrDb: number;
  }[];
}

/** A process that worked on the run: one, unless the run was interrupted and resumed. */
export interface Session {
  readonly startedAt: string;
  /** Absent while it runs and where the process was killed. */
  readonly endedAt?: string;
  readonly host: string;
  readonly pid: number;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly workers: number;
  readonly threadsPerWorker: number;
  readonly versions: Readonly<Record<string, string>>;
  /** Commit of the folder that the scenario lies in; absent outside a repository. */
  readonly git?: { readonly commit: string; readonly dirty: boolean };
}

/** Something that happened to the run and is no result, e.g. a worker that died. */
export interface RunEvent {
  readonly happenedAt: string;
  readonly kind: "note" | "worker" | "resume";
  readonly text: string;
}

/** A scenario with every default filled in. */
export interface ResolvedScenario {
  readonly study: StudySettings;
  /** Settings of the first point; the others differ by their parameters. */
  readonly point: PointSettings;
  readonly points: readonly Readonly<Record<string, ParameterValue>>[];
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

/** What a run knows before its first trial. */
export interface RunHeader {
  readonly weightlink: string;
  readonly name: string;
  readonly title: string;
  /** Scenario file as given on the command line. */
  readonly scenarioFile: string;
  /** Its text, so that the run can be repeated from the results alone. */
  readonly scenarioText: string;
  /** `--set` overrides, in order. */
  readonly overrides: readonly string[];
  /** The scenario as data, after overrides. */
  readonly scenario: unknown;
  /** The same with every default, and the parameters of every point. */
  readonly resolved: ResolvedScenario;
  /** Command that repeats the run. */
  readonly command: string;
  readonly seed: number;
  /** Conventions that the numbers follow, by column. */
  readonly conventions: Readonly<Record<string, string>>;
  /** The networks that were sent; one, unless the model, its layout or the data set is swept. */
  readonly models: readonly ModelRecord[];
  /** Index into `models` of each point. */
  readonly modelOfPoint: readonly number[];
  /** SHA-256 of every model and data file read. */
  readonly files: Readonly<Record<string, string>>;
  readonly estimators: readonly {
    readonly label: string;
    readonly name: string;
    readonly needs: readonly SideInformation[];
    /** True when it looked at the test images. */
    readonly oracle: boolean;
  }[];
  /** Keys that the settings of any estimator have, e.g. lambda and beta. */
  readonly settingKeys: readonly string[];
  /** Swept parameters: path, axis title with unit, values. */
  readonly axes: readonly {
    readonly path: string;
    readonly title: string;
    readonly values: readonly ParameterValue[];
  }[];
  readonly points: number;
  readonly trialsPerPoint: TrialRule;
  readonly analysis: {
    /** Label of the receiver that the others are compared with. */
    readonly baseline: string;
    /** Target accuracies, 0 to 1. */
    readonly gainAt: readonly number[];
  };
}

/** A run with its results, as results.json holds it. */
export interface RunResult extends RunHeader {
  readonly versions: Readonly<Record<string, string>>;
  /** Processes that worked on the run, in order. */
  readonly sessions: readonly Session[];
  readonly events: readonly RunEvent[];
  /** What the reader should know of single points, e.g. that a receiver has no result there. */
  readonly notes: readonly string[];
  /** False while trials are missing. */
  readonly complete: boolean;
  readonly startedAt: string;
  /** Working time over all sessions; of one that was killed, up to its last trial. */
  readonly elapsedS: number;
  readonly summary: readonly PointSummary[];
  /** Every receiver against the baseline, and against every earlier one in the scenario's list. */
  readonly differences: readonly PairedDifference[];
  /** Empty where the scenario names no target, or sweeps no ratio. */
  readonly targets: readonly TargetRatio[];
  /** Every tensor that travelled at every point. */
  readonly tensors: readonly TensorSummary[];
  /** The first transmission at each point. */
  readonly timelines: readonly Timeline[];
  readonly trials: readonly TrialResult[];
}
