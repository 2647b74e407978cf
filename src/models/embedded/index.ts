/**
 * Models that ship with the project.
 */
import { fileURLToPath } from "node:url";

export interface EmbeddedModel {
  readonly name: string;
  /** One line for `weightlink list models`. */
  readonly summary: string;
  /** Absolute path of its ONNX file. */
  readonly path: string;
}

export const embeddedModels: readonly EmbeddedModel[] = [
  {
    name: "glyphs-resnet",
    summary: "small residual network with batch normalization, trained on the glyphs data set",
    path: fileURLToPath(new URL("glyphs-resnet.onnx", import.meta.url)),
  },
];
