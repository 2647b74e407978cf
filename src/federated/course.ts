/**
 * One training from its first round, or from where an earlier session left it, to its last.
 */
import type { Scorer } from "../models/model.js";
import {
  type FederatedPoint,
  type FederatedReceiver,
  symbolRateHz,
  uplinkOf,
} from "../scenario/federated-schema.js";
import type { FederatedPlan } from "../scenario/load-federated.js";
import type { FederatedBench } from "./bench.js";
import type { Crew } from "./crew.js";
import type { CourseName } from "./history.js";
import {
  afterDivergence,
  type CourseState,
  nextRound,
  type RoundContext,
  roundZero,
} from "./round.js";
import type { RoundMemory } from "./round-memory.js";
import type { UplinkLink } from "./uplink.js";

/** What goes on from one round to the next, and from one session to the next. */
export interface StoredCourse extends CourseState {
  /** What the uplink remembers. */
  readonly memory: ReadonlyMap<string, Float32Array>;
}

/** What a training works with, beside others or after them. */
export interface Workplace {
  readonly bench: FederatedBench;
  readonly benchKey: string;
  readonly crew: Crew;
  readonly scorer: Scorer;
  readonly memory: RoundMemory;
  readonly stopped: () => void;
}

export interface CourseEvents {
  /** A round is finished, and counts once this has resolved. */
  readonly onRound: (course: StoredCourse) => Promise<void>;
}

export function isFinished({ points }: FederatedPlan, { point }: CourseName, state: CourseState) {
  return state.records.at(-1)!.round === points[point].settings.training.rounds;
}

/** Runs the rounds that `stored` lacks. */
export async function runCourse(
  plan: FederatedPlan,
  name: CourseName,
  workplace: Workplace,
  stored: StoredCourse | undefined,
  { onRound }: CourseEvents,
): Promise<CourseState> {
  const { study } = plan;
  const { settings: point } = plan.points[name.point];
  const { bench } = workplace;
  const images = bench.partition(name.trial, point);
  const link = openLink(point, bench, stored?.memory);
  const context: RoundContext = {
    ...workplace,
    name,
    point,
    receiver: point.receivers[name.receiver] as FederatedReceiver,
    seed: study.seed,
    batch: study.batch,
    images,
    link,
  };
  const keep = (now: CourseState) => onRound({ ...now, memory: link.memory ?? new Map() });
  let state: CourseState | undefined = stored;
  if (state === undefined) {
    const start = await roundZero(context, bench.initial(name.trial));
    state = { ...start, notes: idleDevices(images) };
    await keep(state);
  }
  while (!isFinished(plan, name, state)) {
    workplace.stopped();
    state = state.records.at(-1)!.diverged
      ? afterDivergence(context, state)
      : await nextRound(context, state);
    await keep(state);
  }
  return state;
}

/** Throws InputError where the uplink does not suit the network or the devices. */
export function openLink(
  point: FederatedPoint,
  { travelling }: FederatedBench,
  memory?: StoredCourse["memory"],
): UplinkLink {
  const session = {
    size: travelling.size,
    layout: travelling,
    devices: point.devices.count,
    symbolRateHz: symbolRateHz(point),
  };
  return uplinkOf(point).open(point.uplink, session, memory);
}

function idleDevices(images: readonly Int32Array[]): string[] {
  const idle = images.flatMap(({ length }, k) => (length === 0 ? [k] : []));
  if (idle.length === 0) return [];
  return [
    `${idle.length === 1 ? "device" : "devices"} ${idle.join(", ")} of ${images.length} got no images in a trial and stay idle`,
  ];
}
