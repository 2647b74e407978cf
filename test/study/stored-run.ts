/** A made-up run in a store, as a study would have left it. */
import { mkdirSync } from "node:fs";
import type {
  RunHeader,
  RunResult,
  TransmissionFacts,
  TrialResult,
} from "../../src/study/results.js";
import { RunStore } from "../../src/study/store.js";

export async function storeRun(folder: string, run: RunResult): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const store = await RunStore.create(folder, headerOf(run));
  for (const session of run.sessions) await store.startSession(session);
  await recordTrials(store, run);
  for (const event of run.events) await store.addEvent(event);
  await store.endSession(new Date());
  store.close();
}

export async function recordTrials(store: RunStore, run: RunResult): Promise<void> {
  const transmissions = new Set(run.trials.map((t) => `${t.point} ${t.trial}`));
  for (const key of transmissions) {
    const results = run.trials.filter((t) => `${t.point} ${t.trial}` === key);
    const { point, trial } = results[0];
    const timeline = run.timelines.find((t) => t.point === point && t.trial === trial);
    await store.record({
      point,
      trial,
      results,
      sent: factsOf(results[0]),
      tensors: run.tensors.filter((t) => t.point === point).map(({ point: _, ...t }) => t),
      notes: [],
      ...(timeline && { timeline }),
      elapsedS: 1,
    });
  }
}

/** What its transmission came to. */
export function factsOf(trial: TrialResult): TransmissionFacts {
  const {
    point: _point,
    trial: _trial,
    estimator: _estimator,
    parameters: _parameters,
    correct: _correct,
    total: _total,
    accuracy: _accuracy,
    mse: _mse,
    nmse: _nmse,
    setting: _setting,
    search: _search,
    ...facts
  } = trial;
  return facts;
}

/** What a run knows before its first trial. */
export function headerOf(run: RunResult): RunHeader {
  const {
    versions: _versions,
    sessions: _sessions,
    events: _events,
    notes: _notes,
    complete: _complete,
    startedAt: _startedAt,
    elapsedS: _elapsedS,
    summary: _summary,
    differences: _differences,
    targets: _targets,
    tensors: _tensors,
    timelines: _timelines,
    trials: _trials,
    ...header
  } = run;
  return header;
}
