/**
 * Estimators of misaligned sums: time of a packet of 10,000 symbols from eight devices, set-up included, and whether it
 * grows in proportion to the packet's length.
 */
import { pathToFileURL } from "node:url";
import { arrivalsOf } from "../../src/federated/misaligned/arrivals.js";
import { linearMmse } from "../../src/federated/misaligned/linear-mmse.js";
import { maximumLikelihood } from "../../src/federated/misaligned/maximum-likelihood.js";
import {
  type PacketModel,
  packetModel,
  type SumEstimator,
  sample,
  sampleCount,
} from "../../src/federated/misaligned/sampling.js";
import { sumProduct } from "../../src/federated/misaligned/sum-product.js";
import { RandomSource } from "../../src/kernel/random.js";
import { type BenchLine, medianOf, printLines } from "./bench-line.js";

const DEVICES = 8;
const SYMBOLS = 10_000;

export async function misaligned(): Promise<BenchLine[]> {
  const estimators: [string, (model: PacketModel) => SumEstimator][] = [
    ["ml", maximumLikelihood],
    ["sp-ml", sumProduct],
    ["lmmse", (model) => linearMmse(model, new Float64Array(DEVICES).fill(1))],
  ];
  const whole = packet(SYMBOLS);
  const quarter = packet(SYMBOLS / 4);
  return estimators.flatMap(([name, open]) => [
    {
      name: `misaligned sum of ${DEVICES} devices, ${SYMBOLS} symbols, ${name}`,
      value: medianOf(7, () => milliseconds(open, whole)),
      unit: "ms",
      target: "< 1000",
    },
    {
      name: "  over four packets of a quarter",
      // Side by side, so that other work on the machine meets both.
      value: medianOf(15, () => {
        let quarters = 0;
        for (let packets = 0; packets < 4; packets++) quarters += milliseconds(open, quarter);
        return milliseconds(open, whole) / quarters;
      }),
      unit: "x",
      target: "about 1",
    },
  ]);
}

interface Samples {
  readonly model: PacketModel;
  readonly y: Float64Array;
}

function packet(symbols: number): Samples {
  const random = new RandomSource(1);
  const active = Array.from({ length: DEVICES }, (_, device) => device);
  const given = { delays: undefined, phasesRad: undefined, gains: undefined };
  const drawn = { ...given, maxDelay: 0.9, maxPhaseRad: 1, gainDeviationDb: 1 };
  const model = packetModel(arrivalsOf(active, drawn, random), symbols, 0.1);
  const t = Float64Array.from({ length: 2 * symbols * DEVICES }, (_, k) => Math.sin(k));
  const noise = new Float32Array(2 * sampleCount(model));
  random.stream("noise").fillNormal(noise, Math.sqrt(0.1));
  const y = new Float64Array(noise.length);
  sample(model, t, noise, y);
  return { model, y };
}

/** To open an estimator and to estimate one packet. */
function milliseconds(open: (model: PacketModel) => SumEstimator, { model, y }: Samples): number {
  const sums = new Float64Array(2 * model.symbols);
  const start = performance.now();
  open(model).estimate(y, sums);
  return performance.now() - start;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) printLines(await misaligned());
