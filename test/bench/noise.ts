/** Speed of the noise: normal numbers per second into a Float32Array, on one core. */
import { pathToFileURL } from "node:url";
import { RandomSource } from "../../src/kernel/random.js";
import { type BenchLine, medianOf, printLines } from "./bench-line.js";

const NORMALS = 20_000_000; // per repetition

export async function noise(): Promise<BenchLine[]> {
  return [4096, 1_000_000].map((size) => {
    const random = new RandomSource(1).stream("noise");
    const out = new Float32Array(size);
    const fills = Math.ceil(NORMALS / size);
    const perSecond = medianOf(7, () => {
      const start = performance.now();
      for (let i = 0; i < fills; i++) random.fillNormal(out, 0.5);
      return (fills * size) / ((performance.now() - start) / 1000);
    });
    return {
      name: `noise, blocks of ${size}`,
      value: perSecond / 1e6,
      unit: "million normals/s",
      target: ">= 120",
    };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) printLines(await noise());
