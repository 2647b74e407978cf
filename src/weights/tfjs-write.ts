/**
 * Writes a model in the layers format of TensorFlow.js: `model.json` and one file of weights beside it, which
 * `tfjs-layers.ts` and TensorFlow.js read.
 *
 * The weights lie back to back in the order of the manifest: float32, little-endian, row-major. Each file appears
 * whole, the weights first, so that no `model.json` names a file that is not there.
 */
import { writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { replaceFile } from "../files/replace.js";

export interface TfjsWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The file of weights that goes with a `model.json`: `model.weights.bin`. */
export function weightsFileOf(jsonPath: string): string {
  return join(dirname(jsonPath), `${basename(jsonPath, ".json")}.weights.bin`);
}

export async function writeTfjsLayers(
  jsonPath: string,
  topology: Readonly<Record<string, unknown>>,
  weights: readonly TfjsWeight[],
): Promise<void> {
  const weightsPath = weightsFileOf(jsonPath);
  const json = {
    format: "layers-model",
    generatedBy: "weightlink",
    convertedBy: null,
    modelTopology: topology,
    weightsManifest: [
      {
        paths: [basename(weightsPath)],
        weights: weights.map(({ name, shape }) => ({ name, shape, dtype: "float32" })),
      },
    ],
  };
  const bytes = Buffer.concat(
    weights.map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength)),
  );
  await replaceFile(weightsPath, (temporary) => writeFile(temporary, bytes));
  await replaceFile(jsonPath, (temporary) => writeFile(temporary, JSON.stringify(json)));
}
