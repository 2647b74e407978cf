/**
 * A federated study: every point, every trial, every receiver is one training. Writes no file: it hands over what is to
 * be kept.
 */
import { availableParallelism } from "node:os";
import { InputError } from "../errors.js";
import type { Scorer } from "../models/model.js";
import type { FederatedPoint, FederatedReceiver } from "../scenario/federated-schema.js";
import type { FederatedPlan } from "../scenario/load-federated.js";
import { receiverLabel } from "../scenario/schema.js";
import { checkGroups } from "../study/known.js";
import { benchKey, type FederatedBench, openFederatedBench, usesValidation } from "./bench.js";
import { isFinished, openLink, runCourse, type StoredCourse } from "./course.js";
import { openCrew } from "./crew.js";
import { checkDownlink } from "./downlink.js";
import type { CourseName } from "./history.js";
import { receptionsBefore } from "./round.js";
import { RoundMemory } from "./round-memory.js";

export interface PreparedFederated {
  readonly plan: FederatedPlan;
  /** Every network and data set of the study; usually one. */
  readonly benches: ReadonlyMap<string, FederatedBench>;
  readonly workers: number;
}

/**
 * Opens and checks all that the study needs, so that what is wrong shows before anything is written.
 * Throws InputError.
 */
export async function prepareFederated(
  plan: FederatedPlan,
  workers: number | "auto" = 1,
): Promise<PreparedFederated> {
  const { study, points } = plan;
  const benches = new Map<string, FederatedBench>();
  for (const { settings } of points) {
    const key = benchKey(settings);
    if (!benches.has(key)) benches.set(key, await openFederatedBench(settings, study));
    checkPoint(settings, benches.get(key)!, study.trials);
  }
  if (workers !== "auto") return { plan, benches, workers };
  const cores = Math.max(1, Math.floor(availableParallelism() / study.threads));
  const devices = Math.max(...points.map(({ settings }) => settings.devices.active));
  return { plan, benches, workers: Math.min(cores, devices * coursesOf(plan).length) };
}

function checkPoint(point: FederatedPoint, bench: FederatedBench, trials: number): void {
  bench.partition(0, point);
  openLink(point, bench);
  if (point.downlink !== undefined) {
    checkDownlink(point.downlink, bench, receptionsBefore(point, trials, 0));
  }
  const { travelling, validation } = bench;
  checkGroups(point, { layout: travelling });
  for (const receiver of point.receivers as FederatedReceiver[]) {
    if (usesValidation(receiver) && receiver.kappa > validation!.count) {
      throw new InputError(
        `receivers.${receiverLabel(receiver)}.kappa must be at most the ${validation!.count} validation images, got ${receiver.kappa}`,
      );
    }
  }
}

/** Every training of a study, in the order of points, trials and receivers. */
export function coursesOf({ points, study }: FederatedPlan): CourseName[] {
  return points.flatMap(({ settings }, point) =>
    Array.from({ length: study.trials }, (_, trial) =>
      settings.receivers.map((_, receiver) => ({ point, trial, receiver })),
    ).flat(),
  );
}

export interface FederatedEvents {
  /** Aborting it ends the study within a step; its reason is thrown. Rounds that are not finished are lost. */
  readonly signal?: AbortSignal;
  /** What an earlier session has stored of a training. */
  readonly stored?: (name: CourseName) => StoredCourse | undefined;
  /** A round is finished, and counts once this has resolved. */
  readonly onRound?: (name: CourseName, course: StoredCourse) => Promise<void>;
  /** A worker has died and its device trains again. */
  readonly onDeath?: (text: string) => void;
}

/** Runs every training that is not finished. */
export async function runFederated(
  { plan, benches, workers }: PreparedFederated,
  { signal, stored, onRound, onDeath }: FederatedEvents = {},
): Promise<void> {
  // Whatever ends the study ends it for all workers.
  const end = new AbortController();
  const interrupt = () => end.abort(signal?.reason);
  if (signal?.aborted) interrupt();
  signal?.addEventListener("abort", interrupt);
  const stopped = () => end.signal.throwIfAborted();
  const parts = new Map([...benches].map(([key, { part }]) => [key, part]));
  const crew = await openCrew(parts, {
    workers,
    signal: end.signal,
    ...(onDeath && { onDeath }),
  });
  const waiting = coursesOf(plan);

  /** Trainings one after another, with one scorer and one memory for each bench. */
  async function lane(): Promise<void> {
    const places = new Map<string, { scorer: Scorer; memory: RoundMemory }>();
    try {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        const before = stored?.(name);
        if (before !== undefined && isFinished(plan, name, before)) continue;
        const key = benchKey(plan.points[name.point].settings);
        const bench = benches.get(key)!;
        const place = places.get(key) ?? {
          scorer: await bench.openScorer(),
          memory: new RoundMemory(bench),
        };
        places.set(key, place);
        const here = name;
        const workplace = { ...place, bench, benchKey: key, crew, stopped };
        await runCourse(plan, here, workplace, before, {
          onRound: async (course) => onRound?.(here, course),
        });
      }
    } catch (error) {
      end.abort(error);
    } finally {
      for (const { scorer } of places.values()) await scorer.close();
    }
  }
  try {
    await Promise.all(Array.from({ length: lanesOf(plan, workers) }, lane));
    stopped();
  } finally {
    signal?.removeEventListener("abort", interrupt);
    await crew.close();
  }
}

/** Trainings at a time: enough that no worker waits while this thread scores one of them. */
function lanesOf({ points }: FederatedPlan, workers: number): number {
  if (workers === 1) return 1;
  const devices = Math.min(...points.map(({ settings }) => settings.devices.active));
  return Math.ceil((workers + 1) / devices);
}
