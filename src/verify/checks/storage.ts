/** Mean and standard deviation of what is read of a stored weight, against integrals over the published laws. */
import { pcmStorage } from "../../../channels/pcm-storage.js";
import { reramStorage } from "../../../channels/reram-storage.js";
import { type Check, deviationOfIndependent, meanOfIndependent } from "../check.js";
import { send } from "../send.js";
import { type Moments, pcmAfterDay, reramAfterDay } from "../storage-theory.js";

const cells = 50_000;
const day = 86_400;

interface Memory {
  readonly name: string;
  readonly channel: unknown;
  readonly params: object;
  readonly source: string;
  theory(x: number): Moments;
}

const pcm: Memory = {
  name: "pcm-storage",
  channel: pcmStorage,
  params: { readAfterS: day, driftCompensation: false },
  source: "numerical integration of the model of Nandakumar et al., ICECS 2019",
  theory: pcmAfterDay,
};
const reram: Memory = {
  name: "reram-storage",
  channel: reramStorage,
  params: { readAfterS: day },
  source: "numerical integration of the fit to Wan et al., Nature 608 (2022) 504",
  theory: reramAfterDay,
};

function checkOf(memory: Memory, quantity: "mean" | "standard deviation"): Check {
  const known = new Map<number, Moments>(); // integrals take long
  return {
    channel: memory.name,
    name: `${quantity} of a reading after 1 day`,
    x: "weight over the largest of its tensor",
    y: `${quantity} of the reading`,
    source: memory.source,
    at: [0.05, 0.1, 0.25, 0.5, 0.75, 1],
    theory(x) {
      const { mean, variance } = known.get(x) ?? memory.theory(x);
      known.set(x, { mean, variance });
      return quantity === "mean" ? mean : Math.sqrt(variance);
    },
    simulate(x, seed, effort) {
      const sent = new Float32Array(Math.ceil(cells * effort)).fill(x);
      sent[0] = 1; // the largest, which the others are fractions of
      const { channel, params } = memory;
      const { y } = send({ channel, params, x: sent, complex: false, seed });
      const readings = y.subarray(1);
      return quantity === "mean" ? meanOfIndependent(readings) : deviationOfIndependent(readings);
    },
  };
}

export const storageMoments = [pcm, reram].flatMap((memory) => [
  checkOf(memory, "mean"),
  checkOf(memory, "standard deviation"),
]);
