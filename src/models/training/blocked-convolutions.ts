/**
 * Convolutions by ONNX Runtime's fastest kernels.
 *
 * These take channels in blocks as wide as the processor's vectors, [images, channels / B, rows, columns, B]. The
 * runtime uses them by itself where kernels are constants. In training they change, so here nodes of the same
 * operators (domain com.microsoft.nchwc, which it writes into its own optimized models) are put in the place of Conv,
 * with a kernel that is brought into their order in each step:
 *
 *   [outs, ins, rows, columns] -> [outs / B, ins / B, rows, columns, B of ins, B of outs]
 *
 * Measured with batches of 32 and 64 on one core of a Xeon with AVX-512, both reorderings of the values included:
 * 1.6 to 2.3 times as fast with 16 to 64 channels, the same with 128 channels on 8 x 8, slower beyond, and slower for
 * kernels of one element.
 *
 * B depends on the processor and is not told, so it is tried: a block width counts if a small convolution comes out
 * right. Where none does, all stays as it is.
 */
import * as ort from "onnxruntime-node";
import { RandomSource } from "../../kernel/index.js";
import { encodeModel, type OnnxNode, type OnnxTensor } from "../../weights/onnx-proto.js";
import { encodeAttributes } from "../onnx-graph.js";
import { forwardNode, own } from "./forward-node.js";
import { intTensor, sizeOf } from "./tensor-values.js";

export const blockedDomain = { domain: "com.microsoft.nchwc", version: 1 };

const mostChannels = 128;
/** Gradients of kernels are convolutions too, with kernels as large as images: moving these costs what is gained. */
const mostTaps = 49;

export interface BlockedGraph {
  readonly nodes: OnnxNode[];
  /** Constants that the nodes need. */
  readonly constants: OnnxTensor[];
}

/** Replaces those convolutions that become faster. `shapeOf` knows the shape of every value. */
export function blockConvolutions(
  nodes: readonly OnnxNode[],
  shapeOf: (value: string) => readonly number[],
  block: number,
): BlockedGraph {
  const constants: OnnxTensor[] = [];
  const replaced = nodes.flatMap((node) => {
    if (node.op_type !== "Conv" || node.domain) return [node];
    const shape = shapeOf(node.input[1]!);
    const [outs, ins, ...kernel] = shape as [number, number, ...number[]];
    const suits =
      forwardNode(node).int("group", 1) === 1 &&
      kernel.length === 2 &&
      sizeOf(kernel) > 1 &&
      sizeOf(kernel) <= mostTaps &&
      Math.max(outs, ins) <= mostChannels &&
      outs % block === 0 &&
      ins % block === 0;
    return suits ? blocked(node, shape, block, constants) : [node];
  });
  return { nodes: replaced, constants };
}

function blocked(
  node: OnnxNode,
  shape: readonly number[],
  block: number,
  constants: OnnxTensor[],
): OnnxNode[] {
  const [outs, ins, ...kernel] = shape as [number, number, ...number[]];
  const [x, w, ...bias] = node.input as [string, string, ...string[]];
  const output = node.output[0]!;
  const name = (part: string) => `${own}${output}/${part}`;
  const shapeInput = (part: string, sizes: readonly number[]) => {
    const tensor = intTensor(name(part), [sizes.length], sizes);
    constants.push(tensor);
    return tensor.name!;
  };
  const plain = (op_type: string, input: string[], part: string): OnnxNode => ({
    op_type,
    input,
    output: [name(part)],
    attribute: [],
  });
  const apart = shapeInput("parts", [outs / block, block, ins / block, block, sizeOf(kernel)]);
  return [
    plain("Reshape", [w, apart], "kernel apart"),
    {
      ...plain("Transpose", [name("kernel apart")], "kernel moved"),
      attribute: encodeAttributes({ perm: { ints: [0, 2, 4, 3, 1] } }),
    },
    plain("Reshape", [name("kernel moved"), shapeInput("whole", shape)], "kernel"),
    { ...plain("ReorderInput", [x], "input"), domain: blockedDomain.domain },
    {
      ...node,
      domain: blockedDomain.domain,
      input: [name("input"), name("kernel"), ...bias],
      output: [name("output")],
    },
    {
      op_type: "ReorderOutput",
      domain: blockedDomain.domain,
      input: [name("output")],
      output: [output],
      attribute: encodeAttributes({ channels: { int: outs } }),
    },
  ];
}

let found: Promise<number | undefined> | undefined;

/** Width of the processor's blocks; undefined where the runtime has no such kernels for it. */
export function blockWidth(): Promise<number | undefined> {
  found ??= find();
  return found;
}

async function find(): Promise<number | undefined> {
  for (const width of [16, 8]) if (await works(width)) return width;
  return undefined;
}

/** Whether a convolution with such blocks gives what a plain one gives. */
async function works(width: number): Promise<boolean> {
  const shapes = { x: [1, 32, 5, 6], w: [32, 32, 3, 3] };
  const random = new RandomSource(1);
  const feeds = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const values = new Float32Array(sizeOf(shape));
      random.stream(name).fillNormal(values);
      return [name, new ort.Tensor("float32", values, shape)];
    }),
  );
  const node: OnnxNode = {
    op_type: "Conv",
    input: ["x", "w"],
    output: ["y"],
    attribute: encodeAttributes({ kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] } }),
  };
  const run = async ({ nodes, constants }: BlockedGraph) => {
    const bytes = encodeModel({
      ir_version: 8,
      opset_import: [{ version: 17 }, blockedDomain],
      graph: {
        name: "convolution",
        node: nodes,
        initializer: constants,
        input: Object.entries(shapes).map(([name, shape]) => ({
          name,
          type: {
            tensor_type: { elem_type: 1, shape: { dim: shape.map((d) => ({ dim_value: d })) } },
          },
        })),
        output: [{ name: "y" }],
      },
    });
    const options = { intraOpNumThreads: 1, logSeverityLevel: 4 } as const;
    const session = await ort.InferenceSession.create(bytes, options);
    const { y } = await session.run(feeds);
    await session.release();
    return y!.data as Float32Array;
  };
  const plain = await run({ nodes: [node], constants: [] });
  try {
    const shapeOf = (value: string) => shapes[value as keyof typeof shapes];
    const other = await run(blockConvolutions([node], shapeOf, width));
    // Sums of 288 products of normal numbers, in another order.
    return plain.every((value, k) => Math.abs(value - other[k]!) < 1e-3);
  } catch {
    return false; // No such operators on this processor.
  }
}
