/** Looks into model files, for the tests of architectures. */
import * as ort from "onnxruntime-node";
import { RandomSource } from "../../../src/kernel/index.js";
import {
  DataType,
  decodeModel,
  encodeModel,
  type OnnxTensor,
} from "../../../src/weights/onnx-proto.js";

function floatTensors(file: Uint8Array): OnnxTensor[] {
  return decodeModel(file).graph.initializer.filter((t) => t.data_type === DataType.FLOAT);
}

/** Name and shape of the floating-point tensors that have dimensions, in the file's order. */
export function parameterShapes(file: Uint8Array): string[] {
  return floatTensors(file)
    .filter((t) => t.dims.length > 0)
    .map((t) => `${t.name} [${t.dims.join(", ")}]`);
}

/** Values of the float32 tensors by name. */
export function parameters(file: Uint8Array): Map<string, Float32Array> {
  return new Map(
    floatTensors(file).map((t) => [t.name!, new Float32Array(Uint8Array.from(t.raw_data!).buffer)]),
  );
}

/** As PyTorch counts `parameters()`: without running statistics and constants of the graph. */
export function countParameters(file: Uint8Array): number {
  return floatTensors(file)
    .filter((t) => t.dims.length > 0 && !t.name!.includes(".running_"))
    .reduce((sum, t) => sum + t.dims.reduce((a, b) => a * b, 1), 0);
}

/** Multiply-adds of the convolutions and matrix products for one example, by the shapes that come out. */
export async function multiplyAdds(file: Uint8Array, example: readonly number[]): Promise<number> {
  const model = decodeModel(file);
  const { graph } = model;
  const products = graph.node.filter((n) => ["Conv", "Gemm", "MatMul"].includes(n.op_type));
  const dims = new Map(graph.initializer.map((t) => [t.name!, t.dims]));
  const wanted = products
    .flatMap((n) => [n.output[0], ...n.input.slice(0, 1)])
    .filter((name) => !dims.has(name) && !graph.input.some((input) => input.name === name));
  const known = new Set(graph.output.map((output) => output.name));
  graph.output.push(
    ...[...new Set(wanted)].filter((name) => !known.has(name)).map((name) => ({ name })),
  );
  const session = await ort.InferenceSession.create(encodeModel(model), {
    graphOptimizationLevel: "disabled",
  });
  const size = example.reduce((a, b) => a * b, 1);
  const feeds = Object.fromEntries(
    session.inputNames.map((name) => [
      name,
      name === "input"
        ? new ort.Tensor("float32", new Float32Array(size), [1, ...example])
        : new ort.Tensor("int64", new BigInt64Array(size), [1, ...example]),
    ]),
  );
  const outputs = await session.run(feeds);
  await session.release();
  for (const [name, { dims: shape }] of Object.entries(outputs)) dims.set(name, [...shape]);
  for (const name of session.inputNames) dims.set(name, [1, ...example]);
  return products.reduce((sum, { op_type, input, output }) => {
    const outs = dims.get(output[0])!.reduce((a, b) => a * b, 1);
    // Every output is a sum over a kernel [ins / groups, rows, columns], or over the first factor's last axis.
    const terms =
      op_type === "Conv"
        ? dims
            .get(input[1])!
            .slice(1)
            .reduce((a, b) => a * b, 1)
        : dims.get(input[0])!.at(-1)!;
    return sum + outs * terms;
  }, 0);
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
  return a.reduce((largest, v, i) => Math.max(largest, Math.abs(v - b[i])), 0);
}

/** The file with random values in all its tensors, none of them the 0 or 1 that layers start from. */
export function randomized(built: Uint8Array): {
  file: Uint8Array;
  values: Map<string, Float32Array>;
} {
  const random = new RandomSource(12);
  const model = decodeModel(built);
  const values = new Map<string, Float32Array>();
  for (const tensor of model.graph.initializer) {
    if (tensor.data_type !== DataType.FLOAT || tensor.dims.length === 0) continue;
    const name = tensor.name!;
    const data = new Float32Array(tensor.raw_data!.length / 4);
    const fanIn = data.length / tensor.dims[0];
    random
      .stream(name)
      .fillNormal(data, fanIn > 1 ? Math.sqrt(2 / fanIn) : 0.3, fanIn > 1 ? 0 : 0.2);
    if (name.endsWith("running_var")) {
      for (let i = 0; i < data.length; i++) data[i] = 0.5 + Math.abs(data[i]);
    }
    values.set(name, data);
    tensor.raw_data = new Uint8Array(data.buffer);
  }
  return { file: encodeModel(model), values };
}
