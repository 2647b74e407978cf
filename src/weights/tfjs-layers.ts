/**
 * Reads a model in the layers format of TensorFlow.js: `model.json`, which holds the topology and
 * the weights manifest, and the weight files that the manifest names.
 *
 * A manifest group lists files whose bytes follow one another, and the tensors that lie in them
 * back to back, little-endian, row-major. Tensors may be quantized: uint8 and uint16 stand for
 * `value * scale + min`, float16 for itself; both are read as the float32 that TensorFlow.js
 * computes with.
 *
 * Source: tfjs-core 4.22, `io/types.ts` (WeightsManifestConfig) and `io/io_utils.ts` (decodeWeight).
 * Limits: no string or complex tensors; optimizer state in the file is skipped, it is no part of
 * the network.
 */
import { dirname, join } from "node:path";
import { Float16Array } from "@petamoriken/float16";
import { z } from "zod";
import { InputError } from "../errors.js";
import { fileBytes, isFolder, readBytes } from "../files/bytes.js";
import type { NamedTensor, TensorRole } from "./layout.js";

export type TfjsValues = Float32Array | Int32Array | Uint8Array;

export interface TfjsTensor extends NamedTensor {
  readonly values: TfjsValues;
}

export type WeightSpec = z.output<typeof weightSpec>;

export interface TfjsLayersFile {
  /** `model.json`, as it was found. */
  readonly path: string;
  /** `model.json` and the weight files. */
  readonly files: readonly string[];
  /** The `modelTopology` entry, as it stands in the file. */
  readonly topology: Readonly<Record<string, unknown>>;
  /** Tensors of the network in manifest order; quantized ones as the values they stand for. */
  readonly tensors: readonly TfjsTensor[];
  /** Manifest entries and bytes as TensorFlow.js's own loader takes them, one buffer a group. */
  readonly weightSpecs: readonly WeightSpec[];
  readonly weightData: readonly ArrayBuffer[];
}

const weightSpec = z.looseObject({
  name: z.string().min(1),
  shape: z.array(z.int().nonnegative()),
  dtype: z.string(),
  group: z.string().optional(),
  quantization: z
    .looseObject({
      dtype: z.string(),
      scale: z.number().optional(),
      min: z.number().optional(),
    })
    .optional(),
});

const weightGroup = z.looseObject({
  paths: z.array(z.string().min(1)),
  weights: z.array(weightSpec),
});

const modelJson = z.looseObject({
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: z.array(weightGroup).min(1),
});

/** Reads the model at `path`: a `model.json`, or the folder that holds it. */
export function readTfjsLayers(path: string): TfjsLayersFile {
  const jsonPath = isFolder(path) ? join(path, "model.json") : path;
  const { modelTopology: topology, weightsManifest } = parseModelJson(jsonPath);
  const roleOf = roles(topology);

  const files = [jsonPath];
  const tensors: TfjsTensor[] = [];
  const weightSpecs: WeightSpec[] = [];
  const weightData: ArrayBuffer[] = [];
  const seen = new Set<string>();
  for (const group of weightsManifest) {
    const shards = group.paths.map((p) => join(dirname(jsonPath), p));
    const expected = group.weights.reduce((sum, spec) => sum + byteLength(spec, jsonPath), 0);
    const bytes = readShards(shards, expected, jsonPath);
    let offset = 0;
    for (const spec of group.weights) {
      if (seen.has(spec.name)) {
        throw new InputError(`${jsonPath}: weightsManifest: two weights are named "${spec.name}"`);
      }
      seen.add(spec.name);
      if (spec.group !== "optimizer") {
        const values = decode(spec, bytes, offset, jsonPath);
        const { name, shape } = spec;
        tensors.push({ name, shape, size: values.length, role: roleOf(spec), values });
      }
      offset += byteLength(spec, jsonPath);
    }
    files.push(...shards);
    weightSpecs.push(...group.weights);
    weightData.push(bytes);
  }
  return { path: jsonPath, files, topology, tensors, weightSpecs, weightData };
}

function parseModelJson(path: string): z.output<typeof modelJson> {
  const text = Buffer.from(readBytes(path, 0, fileBytes(path))).toString("utf8");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path}: not JSON: ${(error as Error).message}`);
  }
  if (isGraphModel(json)) {
    throw new InputError(
      `${path}: format must be the layers format of TensorFlow.js, got a graph model, whose weights are fused ` +
        "and renamed; save the network with model.save() or tensorflowjs_converter " +
        "--output_format=tfjs_layers_model, or export it to ONNX",
    );
  }
  const parsed = modelJson.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
    throw new InputError(
      `${path}: not a model in the layers format of TensorFlow.js: ${where}${issue.message}`,
    );
  }
  return parsed.data;
}

function isGraphModel(json: unknown): boolean {
  if (!isRecord(json)) return false;
  // Old converters leave `format` out, but a GraphDef always lists its nodes.
  const { modelTopology } = json;
  return json.format === "graph-model" || (isRecord(modelTopology) && "node" in modelTopology);
}

/** One buffer with the bytes of a group's files, read in place: a large model is held once. */
function readShards(shards: readonly string[], expected: number, jsonPath: string): ArrayBuffer {
  const lengths = shards.map(fileBytes);
  const found = lengths.reduce((sum, length) => sum + length, 0);
  if (found !== expected) {
    const which = shards.length === 1 ? shards[0] : `${shards.join(", ")} together`;
    const how = found < expected ? "cut short" : "too long";
    throw new InputError(
      `${which}: ${how}: weightsManifest in ${jsonPath} asks for ${expected} bytes, got ${found}`,
    );
  }
  if (shards.length === 1) return readBytes(shards[0], 0, expected).buffer;
  const bytes = new Uint8Array(expected);
  let offset = 0;
  shards.forEach((shard, i) => {
    bytes.set(readBytes(shard, 0, lengths[i]), offset);
    offset += lengths[i];
  });
  return bytes.buffer;
}

const bytesPerValue: Readonly<Record<string, number>> = { float32: 4, int32: 4, bool: 1 };
const bytesPerQuantized: Readonly<Record<string, number>> = { uint8: 1, uint16: 2, float16: 2 };

function byteLength(spec: WeightSpec, jsonPath: string): number {
  const { name, dtype, quantization } = spec;
  const table = quantization === undefined ? bytesPerValue : bytesPerQuantized;
  const kind = quantization === undefined ? dtype : quantization.dtype;
  const bytes = Object.hasOwn(table, kind) ? table[kind] : undefined;
  if (bytes === undefined) {
    const key = quantization === undefined ? "dtype" : "quantization.dtype";
    throw new InputError(
      `${jsonPath}: weight "${name}": ${key} must be one of ${Object.keys(table).join(", ")}, got "${kind}"`,
    );
  }
  return sizeOf(spec.shape) * bytes;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

function decode(
  spec: WeightSpec,
  buffer: ArrayBuffer,
  offset: number,
  jsonPath: string,
): TfjsValues {
  const size = sizeOf(spec.shape);
  if (spec.quantization !== undefined) {
    return dequantize(spec, buffer, offset, size, jsonPath);
  }
  if (spec.dtype === "bool") return new Uint8Array(buffer, offset, size);
  const View = spec.dtype === "int32" ? Int32Array : Float32Array;
  // A view where the bytes are aligned; an earlier bool or quantized tensor can shift them.
  return offset % 4 === 0
    ? new View(buffer, offset, size)
    : new View(buffer.slice(offset, offset + 4 * size));
}

function dequantize(
  spec: WeightSpec,
  buffer: ArrayBuffer,
  offset: number,
  size: number,
  jsonPath: string,
): TfjsValues {
  const { name, dtype } = spec;
  const { dtype: kind, scale, min } = spec.quantization!;
  if (kind === "float16") {
    if (dtype !== "float32") {
      throw new InputError(
        `${jsonPath}: weight "${name}": dtype of a float16 quantized weight must be float32, got "${dtype}"`,
      );
    }
    return Float32Array.from(new Float16Array(buffer.slice(offset, offset + 2 * size)));
  }
  if (dtype !== "float32" && dtype !== "int32") {
    throw new InputError(
      `${jsonPath}: weight "${name}": dtype of a quantized weight must be float32 or int32, got "${dtype}"`,
    );
  }
  if (scale === undefined || min === undefined) {
    throw new InputError(
      `${jsonPath}: weight "${name}": quantization must have scale and min, got ${JSON.stringify(spec.quantization)}`,
    );
  }
  const levels =
    kind === "uint8"
      ? new Uint8Array(buffer, offset, size)
      : new Uint16Array(buffer.slice(offset, offset + 2 * size));
  if (dtype === "int32") {
    return Int32Array.from(levels, (level) => Math.round(level * scale + min));
  }
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) values[i] = levels[i] * scale + min;
  return values;
}

/** Layers of TensorFlow.js whose parameters all serve normalization; it has no others. */
const normalizationClasses = new Set(["BatchNormalization", "LayerNormalization"]);

interface LayerClass {
  readonly name: string;
  readonly className: string;
}

function roles(topology: Readonly<Record<string, unknown>>): (spec: WeightSpec) => TensorRole {
  const layers = listLayers(topology);
  return ({ name, dtype, shape }) => {
    if (dtype !== "float32") return "integer";
    if (shape.length === 0) return "scalar";
    const className = ownerOf(name, layers)?.className ?? "";
    return normalizationClasses.has(className) ? "normalization" : "weight";
  };
}

/** Every layer of the model and of the models and wrappers inside it. */
function listLayers(topology: Readonly<Record<string, unknown>>): LayerClass[] {
  const layers: LayerClass[] = [];
  const visit = (node: unknown): string => {
    if (!isRecord(node) || typeof node.class_name !== "string") return "";
    let className = node.class_name;
    // The first Keras versions wrote a Sequential's layers straight into `config`.
    const config = Array.isArray(node.config) ? { layers: node.config } : node.config;
    if (!isRecord(config)) return className;
    if (Array.isArray(config.layers)) config.layers.forEach(visit);
    // TimeDistributed gives its own name to the parameters of the layer it wraps.
    if (isRecord(config.layer)) className = visit(config.layer);
    const name = config.name ?? node.name;
    if (typeof name === "string") layers.push({ name, className });
    return className;
  };
  // `model_config` where Keras saved the model, the model itself where TensorFlow.js did.
  visit(topology.model_config ?? topology);
  return layers;
}

/**
 * The layer that a weight belongs to. Weight names are "layer/weight", with the names of enclosing
 * models before it, or of a cell behind it; layer names may hold slashes themselves. The layer is
 * the one that ends last, then the longest.
 */
function ownerOf(weight: string, layers: readonly LayerClass[]): LayerClass | undefined {
  const path = `/${weight}`;
  let owner: LayerClass | undefined;
  let end = 0;
  for (const layer of layers) {
    const start = path.lastIndexOf(`/${layer.name}/`);
    if (start < 0) continue;
    const layerEnd = start + layer.name.length;
    if (layerEnd < end) continue;
    if (layerEnd === end && layer.name.length <= owner!.name.length) continue;
    owner = layer;
    end = layerEnd;
  }
  return owner;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
