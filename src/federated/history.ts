/**
 * What each round of a training came to. Records hold nothing that depends on the clock or the machine's load, so that a
 * resumed training leaves the same ones as one that was never stopped.
 */
import type { Setting } from "../receiver/estimator.js";
import type { SearchRecord } from "../study/results.js";

export interface RoundRecord {
  /** Rounds finished, this one included; 0 is the model before the first. */
  readonly round: number;
  /** Test accuracy of the model after the round; absent where it was not scored. Guessing where the training has diverged. */
  readonly accuracy?: number;
  readonly correct?: number;
  readonly total?: number;
  /** Mean cross-entropy on the test images. */
  readonly loss?: number;
  /** Of the devices in this round. */
  readonly learningRate?: number;
  /** Mean over the devices that trained of their mean loss. */
  readonly trainingLoss?: number;
  /** |estimate − mean update|² / |mean update|² over what travels; the mean is that of all devices that were ready. */
  readonly nmse?: number;
  /** Of the model as devices receive it, over what travels: mean over the devices; absent where it is broadcast without errors. */
  readonly downlinkNmse?: number;
  /** Of the devices' updates, per component at the server's input; absent where the uplink has none. */
  readonly noiseVariance?: number;
  /** Virtual time since the start [s]. */
  readonly timeS: number;
  /** Time on the air since the start [s]. */
  readonly airtimeS: number;
  /** Mean over all devices of the energy spent on the air since the start: sum of squared components. */
  readonly energy: number;
  /** Numbers of the devices that were drawn, in the order of the draw. */
  readonly active: readonly number[];
  /** Of them: dropped out or without an estimate of the model, too late, ready in time, and heard by the server. */
  readonly dropped: readonly number[];
  readonly late: readonly number[];
  readonly ready: readonly number[];
  readonly heard: readonly number[];
  /** Of each ready device in this round. */
  readonly energies: readonly number[];
  /** The estimator's setting, and how it was chosen where there was more than one. */
  readonly setting?: Setting;
  readonly search?: SearchRecord;
  /** Nobody was heard, or no setting was valid: the model is the one before. */
  readonly lost?: true;
  /** The training has diverged in this round or before. */
  readonly diverged?: true;
}

/** One training: a receiver in a trial at a point. */
export interface CourseName {
  readonly point: number;
  readonly trial: number;
  /** Index into the point's receivers. */
  readonly receiver: number;
}

export interface Course extends CourseName {
  readonly records: readonly RoundRecord[];
  /** What the reader of the results should know, each once. */
  readonly notes: readonly string[];
}
