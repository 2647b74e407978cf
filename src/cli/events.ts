/**
 * What happens to a run, as `--json` prints it and the journal in its folder keeps it: one JSON object each.
 */
import type { ParameterValue, PointSummary, TrialResult, TrialRule } from "../study/results.js";

export interface StartEvent {
  readonly event: "start";
  readonly at: string;
  readonly scenario: string;
  readonly title: string;
  readonly folder: string;
  readonly host: string;
  readonly pid: number;
  readonly workers: number;
  readonly threadsPerWorker: number;
  /** Parameters of every point. */
  readonly points: readonly Readonly<Record<string, ParameterValue>>[];
  readonly trialsPerPoint: TrialRule;
  /** Trials that earlier sessions have finished. */
  readonly done: number;
  /** Trials wanted as far as is known: a stopping rule may ask for more. */
  readonly wanted: number;
}

export interface TrialEvent {
  readonly event: "trial";
  readonly point: number;
  readonly trial: number;
  readonly done: number;
  readonly wanted: number;
  /** Trials of this point, in the same way. */
  readonly atPoint: { readonly done: number; readonly wanted: number };
  readonly results: readonly TrialResult[];
}

export interface MessageEvent {
  /** "note": something the reader of the results should know; "worker": one died, and its trial runs again. */
  readonly event: "note" | "worker";
  readonly text: string;
}

export interface EndEvent {
  readonly event: "end";
  readonly complete: boolean;
  readonly folder: string;
  readonly files: readonly string[];
  readonly elapsedS: number;
  readonly summary: readonly PointSummary[];
  readonly notes: readonly string[];
}

export type StudyEvent = StartEvent | TrialEvent | MessageEvent | EndEvent;
