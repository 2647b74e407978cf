/**
 * Who is drawn for a round, who drops out, and how long each of the others trains.
 *
 * Everything is drawn for all devices, from streams named by the round, so that the same devices drop out and are slow
 * however many are active.
 */
import type { RandomSource } from "../kernel/index.js";
import { type FederatedPoint, speedOf } from "../scenario/federated-schema.js";
import { stepsPerEpoch } from "./device-trainer.js";
import type { RoundPlan } from "./round-clock.js";

export interface Invitation {
  /** Devices that were drawn, in the order of the draw; those without images never are. */
  readonly active: readonly number[];
  readonly dropped: readonly number[];
  /** Those who train, and for how long. */
  readonly working: RoundPlan["devices"];
}

/** `images` are the counts of the devices' images; rounds count from 0. */
export function invite(
  { devices, training }: FederatedPoint,
  images: readonly number[],
  random: RandomSource,
  round: number,
): Invitation {
  const { count, dropout } = devices;
  const ofRound = random.child(`round ${round}`);
  const order = ofRound.stream("active").sample(count, count);
  const active = [...order].filter((k) => images[k] > 0).slice(0, devices.active);

  const chances = ofRound.stream("dropout");
  const isOut = Array.from({ length: count }, () => chances.uniform() < dropout);

  const speed = speedOf({ devices } as FederatedPoint);
  const params = devices.speed as { per?: "device" | "round" };
  const drawn = (params.per === "round" ? ofRound : random).stream("speeds");
  const secondsPerExample = Array.from({ length: count }, () => speed.draw(params as never, drawn));
  const examples = (k: number) =>
    training.epochs * stepsPerEpoch(images[k], training.batch) * training.batch;
  return {
    active,
    dropped: active.filter((k) => isOut[k]),
    working: active
      .filter((k) => !isOut[k])
      .map((device) => ({ device, computeS: examples(device) * secondsPerExample[device] })),
  };
}
