/**
 * What each epoch came to, and what worked on it. Records of epochs hold nothing that depends on the clock or
 * the machine's load, so that a resumed training leaves the same ones as a training that was never stopped.
 */

export interface Count {
  readonly correct: number;
  readonly total: number;
}

export interface EpochRecord {
  /** Epochs finished, this one included. */
  readonly epoch: number;
  /** Steps since the start. */
  readonly steps: number;
  /** Of the epoch's last step. */
  readonly learningRate: number;
  /** Mean over the epoch's steps, each before its update. */
  readonly loss: number;
  /** Training examples that were right when their step came, augmented as they were; absent for losses without classes. */
  readonly training?: Count;
  /** Scored after the epoch, with running statistics; absent where the data set has no validation split of its own. */
  readonly validation?: Count;
  readonly test?: Count;
}

export const scoredSplits = ["training", "validation", "test"] as const;
export type ScoredSplit = (typeof scoredSplits)[number];

export function accuracyOf({ correct, total }: Count): number {
  return correct / total;
}

/** One process that worked on a training: on what, and how fast. */
export interface TrainingSession {
  readonly startedAt: string;
  readonly host: string;
  readonly cpu: string;
  readonly cores: number;
  /** Of one step and of one inference; 0: the machine's cores. */
  readonly threads: number;
  readonly versions: Readonly<Record<string, string>>;
  /** Epochs that were finished before, and at the end. */
  readonly fromEpoch: number;
  readonly toEpoch: number;
  /** Training examples that went through steps, and the time of those steps. */
  readonly examples: number;
  readonly secondsOfSteps: number;
  /** From the first step to the last record, scoring included. */
  readonly seconds: number;
}
