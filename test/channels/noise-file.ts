import { join } from "node:path";
import { RandomSource } from "../../src/kernel/index.js";
import { folderWith } from "../files/temporary-folder.js";

/** A trace of white noise with unit variance, for as long as the test runs. */
export function noiseFile(count: number): string {
  const noise = new Float32Array(count);
  new RandomSource(3).stream("trace").fillNormal(noise);
  return join(folderWith({ "noise.f32": new Uint8Array(noise.buffer) }), "noise.f32");
}
