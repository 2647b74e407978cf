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
  return estimators.flatMap(([name, open]) => {
    const short = milliseconds(open, SYMBOLS / 4);
    const long = milliseconds(open, SYMBOLS);
    return [
      {
        name: `misaligned sum of ${DEVICES} devices, ${SYMBOLS} symbols, ${name}`,
        value: long,
        unit: "ms",
        target: "< 1000",
      },
      { name: "  over four times a quarter of it", value: long / (4 * short), unit: "x" },
    ];
  });
}

/** To open an estimator and to estimate one packet. */
function milliseconds(open: (model: PacketModel) => SumEstimator, symbols: number): number {
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
  const sums = new Float64Array(2 * symbols);
  return medianOf(7, () => {
    const start = performance.now();
    open(model).estimate(y, sums);
    return performance.now() - start;
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) printLines(await misaligned());
