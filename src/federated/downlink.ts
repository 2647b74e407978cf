/**
 * The broadcast of the model through a channel. All devices of a round hear one transmission, each over a channel of its
 * own, and train from what they make of it:
 *
 *   r_k = w + n_k,   ŵ_k = estimate of w from r_k, over what travels;   Δ_k = w_k − ŵ_k
 *
 * No device knows w, so a device sends what training has changed in what it received, and the server adds that to w.
 * What does not travel arrives without errors.
 *
 * Source: Amiri, Gündüz, Kulkarni & Poor, "Convergence of federated learning over a noisy downlink", arXiv 2008.11141,
 * analog downlink.
 */
import { InputError } from "../errors.js";
import { RandomSource } from "../kernel/index.js";
import { mean } from "../math/statistics.js";
import { gather, normalizedError, scatter } from "../math/vectors.js";
import { numbersSent } from "../receiver/side-information.js";
import type { Downlink } from "../scenario/federated-schema.js";
import { channelOf, estimatorOf } from "../scenario/schema.js";
import { validSettings } from "../study/choose.js";
import { codingOf } from "../study/encode.js";
import { checkGroups, knownOf } from "../study/known.js";
import {
  openLink,
  type Transmission,
  transmit,
  withSideInformation,
} from "../study/transmission.js";
import { bitsPerNumber } from "../transmitter/coding.js";
import { weightStatistics } from "../transmitter/transmitter.js";
import type { FederatedBench } from "./bench.js";
import type { RoundMemory } from "./round-memory.js";

/** What a broadcast has come to. The devices' models lie in the memory. */
export interface Broadcast {
  /** From its start until the model has arrived [s]. */
  readonly latencyS: number;
  readonly airtimeS: number;
  /** |ŵ_k − w|² / |w|² over what travels, in the mean over the devices that have an estimate; absent where none has. */
  readonly nmse?: number;
  /** Devices that no setting of the estimator makes sense for. */
  readonly deaf: readonly number[];
  readonly notes: readonly string[];
}

export interface BroadcastTask {
  readonly downlink: Downlink;
  readonly bench: Pick<FederatedBench, "travelling" | "travellingPlaces">;
  readonly memory: RoundMemory;
  /** Devices that listen; the i-th writes its model into `memory.start(i)`. */
  readonly devices: readonly number[];
  /** Receptions before this round, in all trials: what a recorded channel goes on behind. */
  readonly receptionsBefore: number;
  /** Of the round. */
  readonly random: RandomSource;
}

const deafness =
  "no setting of downlink.receiver made sense at the noise that some devices met, and they dropped out of their round";

/** Sends the model vector, and gives every device its own. */
export function broadcast(
  model: Float32Array,
  { downlink, bench, memory, devices, receptionsBefore, random }: BroadcastTask,
): Broadcast {
  const { travelling, travellingPlaces } = bench;
  // An array of its own for every round, since what encoders and priors make of it is kept with it.
  const weights = gather(model, travellingPlaces);
  const network = { weights, statistics: weightStatistics(weights), layout: travelling };
  const { receiver } = downlink;
  const estimator = estimatorOf(receiver);
  const { received, estimate } = memory;
  const sideBits = bitsPerNumber * numbersSent(estimator, receiver, travelling.entries.length);
  const errors: number[] = [];
  const deaf: number[] = [];
  const notes = new Set<string>();
  const cost = { airtimeS: 0, latencyS: 0 };
  devices.forEach((device, i) => {
    const sent = transmit(
      transmissionTo(downlink, network, { random, device, reception: receptionsBefore + i }),
      received,
    );
    const { airtimeS, latencyS } = withSideInformation(sent, sideBits, downlink.transmitter);
    cost.airtimeS = Math.max(cost.airtimeS, airtimeS);
    cost.latencyS = Math.max(cost.latencyS, latencyS);
    const { known, notes: more } = knownOf(estimator, receiver, network, sent.observation);
    for (const note of [...sent.notes, ...more]) notes.add(`downlink: ${note}`);
    const [setting] = validSettings(estimator, receiver, known).valid;
    if (setting === undefined) {
      deaf.push(device);
      notes.add(deafness);
      return;
    }
    estimator.estimate(sent.observation.r, known, setting, estimate);
    errors.push(normalizedError(estimate, 1, weights));
    const start = memory.start(i);
    start.set(model);
    scatter(estimate, travellingPlaces, start);
  });
  const nmse = mean(errors);
  return {
    ...cost,
    // No number where nobody has an estimate, or the model is 0.
    ...(Number.isFinite(nmse) && { nmse }),
    deaf,
    notes: [...notes],
  };
}

/** Throws InputError where the downlink does not suit the network, or so many receptions. */
export function checkDownlink(
  downlink: Downlink,
  { initial, travelling, travellingPlaces }: FederatedBench,
  receptions: number,
): void {
  const { channel, receiver, transmitter } = downlink;
  if ((receiver as { preset?: string }).preset !== undefined) {
    throw new InputError(
      "downlink.receiver.preset: is a grid to choose from, and devices have no images to choose with",
    );
  }
  const settings = estimatorOf(receiver).settings(receiver as never);
  if (settings.length > 1) {
    throw new InputError(
      `downlink.receiver must have one setting, since devices have no images to choose with, got ${settings.length}`,
    );
  }
  if (channelOf({ channel }).inverts?.(channel as never)) {
    throw new InputError(
      "downlink.channel: inversion suits one receiver, and a broadcast has many, each with gains of its own",
    );
  }
  for (const code of transmitter.code) {
    const { name, needsSensitivities } = codingOf(code);
    if (needsSensitivities?.(code as never)) {
      throw new InputError(
        `downlink.transmitter.code: ${name} needs the sensitivities of tensors, which are not measured while a network is trained`,
      );
    }
  }
  const weights = gather(initial(0), travellingPlaces);
  const network = { weights, statistics: weightStatistics(weights), layout: travelling };
  const random = new RandomSource("a check");
  const last = { random, device: 0, reception: receptions - 1 };
  inDownlink("", () => checkGroups({ receivers: [receiver] }, network));
  inDownlink(`, each of whose ${receptions.toLocaleString("en")} receptions is a trial`, () =>
    openLink(transmissionTo(downlink, network, last)),
  );
}

/** What is wrong in words of an inference study, with the key that it is about. */
function inDownlink(more: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`downlink${more}: ${error.message}`);
  }
}

interface Listener {
  /** Of the round. */
  readonly random: RandomSource;
  readonly device: number;
  readonly reception: number;
}

function transmissionTo(
  { channel, transmitter }: Downlink,
  network: Pick<Transmission, "weights" | "statistics" | "layout">,
  { random, device, reception }: Listener,
): Transmission {
  return {
    ...network,
    transmitter,
    channel: channelOf({ channel }),
    channelParams: channel as never,
    trial: reception,
    random,
    air: random.child(`device ${device}`),
  };
}
