import fc from "fast-check";
import { expect, test } from "vitest";
import { type AttributeValue, OnnxGraphBuilder } from "../../../src/models/onnx-graph.js";
import {
  layersScores,
  normalValues,
  onnxFile,
  onnxScores,
  relativeDifference,
  toLayers,
  toOnnx,
} from "./both-ways.js";

type Attributes = Readonly<Record<string, AttributeValue>>;
type Image = readonly [channels: number, rows: number, columns: number];

/** A graph from an image to one value: `make` gets the builder and the input's name. */
function graphFile(
  image: readonly number[],
  make: (g: OnnxGraphBuilder, x: string) => string,
  opset = 17,
): string {
  const g = new OnnxGraphBuilder("one");
  const y = make(g, g.input("input", [null, ...image]));
  g.node("Identity", [y], {}, "scores");
  g.output("scores");
  return onnxFile(g.build(opset));
}

function weight(g: OnnxGraphBuilder, name: string, shape: readonly number[]): string {
  const values = normalValues(
    name,
    shape.reduce((a, b) => a * b, 1),
  );
  return g.initializer(name, shape, values);
}

function ints(g: OnnxGraphBuilder, name: string, values: readonly number[]): string {
  return g.initializer(name, [values.length], BigInt64Array.from(values, BigInt));
}

/** ONNX Runtime's result, TensorFlow.js's, and that of the network converted back. */
async function expectSame(path: string, image: readonly number[]): Promise<void> {
  const x = normalValues("images", 2 * image.reduce((a, b) => a * b, 1));
  const original = await onnxScores(path, image, x);
  const json = await toLayers(path);
  expect(relativeDifference(await layersScores(json, image, x), original)).toBeLessThan(2e-6);
  const back = await toOnnx(json);
  expect(relativeDifference(await onnxScores(back, image, x), original)).toBeLessThan(2e-6);
}

const message = async (path: string) => {
  const error = await toLayers(path).catch((e: Error) => e);
  return error instanceof Error
    ? `${error.name}: ${error.message.replace(/^.*network/, "network")}`
    : "";
};

const side = fc.integer({ min: 5, max: 9 });
const pair = (min: number, max: number) =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

test("convolutions: kernels, strides, dilations, paddings, groups, biases", async () => {
  const cases = fc.record({
    image: fc.tuple(fc.constantFrom(2, 3), side, side),
    kernel: pair(1, 3),
    strides: pair(1, 2),
    dilation: pair(1, 2),
    pads: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 4, maxLength: 4 }),
    padding: fc.constantFrom("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"),
    depthwise: fc.boolean(),
    bias: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      cases,
      async ({ image, kernel, strides, dilation, pads, padding, depthwise, bias }) => {
        const [channels] = image;
        const same = padding.startsWith("SAME");
        // ONNX Runtime takes "SAME" without dilations and without strides beyond the kernel; TensorFlow.js takes
        // strides or dilations, and no dilated depthwise kernel.
        fc.pre(!same || kernel.every((k, i) => k >= strides[i]));
        const dilations = same || depthwise || Math.max(...strides) > 1 ? [1, 1] : dilation;
        const attributes: Attributes = {
          kernel_shape: { ints: kernel },
          strides: { ints: strides },
          dilations: { ints: dilations },
          group: { int: depthwise ? channels : 1 },
          ...(padding === "NOTSET" ? { pads: { ints: pads } } : { auto_pad: { string: padding } }),
        };
        const outs = depthwise ? 2 * channels : 4;
        const path = graphFile(image, (g, x) => {
          const inputs = [x, weight(g, "w", [outs, depthwise ? 1 : channels, ...kernel])];
          if (bias) inputs.push(weight(g, "b", [outs]));
          return g.node("Conv", inputs, attributes);
        });
        await expectSame(path, image);
      },
    ),
    { numRuns: 40, seed: 7 },
  );
});

test("poolings: windows, strides, paddings, whether zeros count", async () => {
  const cases = fc.record({
    image: fc.tuple(fc.constantFrom(1, 3), side, side),
    kernel: pair(1, 3),
    strides: pair(1, 3),
    how: fc.constantFrom("MaxPool", "AveragePool", "with zeros"),
    padding: fc.constantFrom("SAME_UPPER", "VALID", "NOTSET"),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ image, kernel, strides, how, padding }) => {
      // ONNX Runtime takes no kernel below the stride with "SAME".
      fc.pre(padding !== "SAME_UPPER" || kernel.every((k, i) => k >= strides[i]));
      const zeros = how === "with zeros";
      const pads = kernel.map((k) => Math.floor(k / 2));
      const path = graphFile(image, (g, x) =>
        g.node(zeros ? "AveragePool" : how, [x], {
          kernel_shape: { ints: kernel },
          strides: { ints: strides },
          ...(zeros
            ? { pads: { ints: [...pads, ...pads] }, count_include_pad: { int: 1 } }
            : padding === "NOTSET"
              ? {}
              : { auto_pad: { string: padding } }),
        }),
      );
      await expectSame(path, image);
    }),
    { numRuns: 25, seed: 6 },
  );
});

const image: Image = [4, 5, 6];

const graphs: Record<string, (g: OnnxGraphBuilder, x: string) => string> = {
  "Slice of channels": (g, x) =>
    g.node("Slice", [x, ints(g, "s", [1]), ints(g, "e", [-1]), ints(g, "a", [1])]),
  "Slice of rows and columns in steps": (g, x) =>
    g.node("Slice", [
      x,
      ints(g, "s", [1, 0, -5]),
      ints(g, "e", [5, 99, 6]),
      ints(g, "a", [2, 1, 3]),
      ints(g, "t", [3, 1, 2]),
    ]),
  "Pad of channels and rows": (g, x) => g.node("Pad", [x, ints(g, "p", [0, 1, 2, 0, 0, 3, 0, 1])]),
  "Split and Concat the other way round": (g, x) => {
    g.nodeOf("Split", [x, ints(g, "z", [1, 3])], { axis: { int: 1 } }, ["a", "b"]);
    return g.node("Concat", ["b", "a"], { axis: { int: 1 } });
  },
  "Split of columns": (g, x) => {
    g.nodeOf("Split", [x, ints(g, "z", [1, 2, 3])], { axis: { int: -1 } }, ["a", "b", "c"]);
    return g.node("Concat", ["c", "a"], { axis: { int: 3 } });
  },
  "Transpose, then Flatten": (g, x) =>
    g.node("Flatten", [g.node("Transpose", [x], { perm: { ints: [0, 3, 1, 2] } })]),
  "Reshape and back": (g, x) => {
    const parts = g.node("Reshape", [x, ints(g, "r", [-1, 2, 2, 5, 6])]);
    const turned = g.node("Transpose", [parts], { perm: { ints: [0, 4, 2, 1, 3] } });
    return g.node("Reshape", [turned, ints(g, "q", [0, 6, 4, 5])]);
  },
  "Flatten, Gemm without transposition": (g, x) =>
    g.node("Gemm", [g.node("Flatten", [x]), weight(g, "w", [120, 3]), weight(g, "b", [3])]),
  "Flatten, MatMul, Add": (g, x) =>
    g.node("Add", [
      weight(g, "b", [3]),
      g.node("MatMul", [g.node("Flatten", [x]), weight(g, "w", [120, 3])]),
    ]),
  "global poolings, joined": (g, x) => {
    const maximum = g.node("Flatten", [g.node("GlobalMaxPool", [x])]);
    const mean = g.node("ReduceMean", [x], { axes: { ints: [-2, -1] }, keepdims: { int: 0 } });
    return g.node("Concat", [maximum, mean], { axis: { int: 1 } });
  },
  "a pooled image as a convolution's input": (g, x) =>
    g.node("Conv", [g.node("GlobalAveragePool", [x]), weight(g, "w", [2, 4, 1, 1])], {
      kernel_shape: { ints: [1, 1] },
    }),
  "Slice and Pad of a pooled image": (g, x) => {
    const pooled = g.node("GlobalAveragePool", [x]);
    const part = g.node("Slice", [pooled, ints(g, "s", [1]), ints(g, "e", [3]), ints(g, "a", [1])]);
    const more = g.node("Pad", [
      g.node("GlobalMaxPool", [x]),
      ints(g, "p", [0, 0, 1, 0, 0, 1, 0, 2]),
    ]);
    return g.node("Concat", [g.node("Flatten", [part]), g.node("Flatten", [more])], {
      axis: { int: 1 },
    });
  },
  "the sum of a pooled image and a convolution of it": (g, x) => {
    const pooled = g.node("GlobalAveragePool", [x]);
    const mixed = g.node("Conv", [pooled, weight(g, "w", [4, 4, 1, 1])]);
    return g.node("Add", [pooled, g.node("Mul", [mixed, pooled])]);
  },
  "products and sums of values held in different orders": (g, x) => {
    const turned = g.node("Transpose", [x], { perm: { ints: [0, 1, 3, 2] } });
    const again = g.node("Transpose", [g.node("Sigmoid", [turned])], {
      perm: { ints: [0, 1, 3, 2] },
    });
    return g.node("Mul", [g.node("Add", [x, again]), g.node("Tanh", [x])]);
  },
  "Dropout and Softmax": (g, x) =>
    g.node("Softmax", [g.node("Dropout", [g.node("Flatten", [x])])], { axis: { int: 1 } }),
};

test.each(Object.keys(graphs))("%s", async (name) => {
  await expectSame(graphFile(image, graphs[name]), image);
});

const refused: readonly [string, (g: OnnxGraphBuilder, x: string) => string, string][] = [
  [
    "a grouped convolution",
    (g, x) => g.node("Conv", [x, weight(g, "w", [4, 2, 1, 1])], { group: { int: 2 } }, "grouped"),
    'Conv "grouped" must have group 1, or as many groups as channels, for the layers format; got group 2 for 4 channels',
  ],
  [
    "a dilated depthwise convolution",
    (g, x) =>
      g.node(
        "Conv",
        [x, weight(g, "w", [4, 1, 2, 2])],
        { group: { int: 4 }, dilations: { ints: [2, 1] } },
        "wide",
      ),
    'Conv "wide" has dilations, which TensorFlow.js leaves out of its DepthwiseConv2D',
  ],
  [
    "a maximum over padding of its own",
    (g, x) =>
      g.node(
        "MaxPool",
        [x],
        { kernel_shape: { ints: [3, 3] }, strides: { ints: [2, 2] }, pads: { ints: [1, 1, 1, 1] } },
        "stem",
      ),
    'MaxPool "stem" must be padded as "same" or not at all for the layers format, got pads 1, 1, 1, 1',
  ],
  [
    "a constant that is added",
    (g, x) => g.node("Add", [x, weight(g, "shift", [1])], {}, "sum"),
    'Add "sum" adds the constant "shift", for which the layers format has no layer',
  ],
  [
    "an operator without a layer",
    (g, x) => g.node("Erf", [x], {}, "erf"),
    'Erf "erf" is no operator that converts to the layers format of TensorFlow.js; those that do: Conv, MaxPool,',
  ],
  [
    "padding that is not 0",
    (g, x) =>
      g.node(
        "Pad",
        [x, ints(g, "p", [0, 0, 1, 1, 0, 0, 1, 1])],
        { mode: { string: "reflect" } },
        "rim",
      ),
    'Pad "rim" must add zeros to convert, got mode "reflect", value 0, pads 0, 0, 1, 1, 0, 0, 1, 1',
  ],
  [
    "values of different shapes",
    (g, x) => g.node("Add", [x, g.node("GlobalAveragePool", [x])], {}, "sum"),
    'Add "sum" must join values of one shape, got [2, 4, 5, 6] and [2, 4, 1, 1]',
  ],
  [
    "a batch that moves",
    (g, x) => g.node("Transpose", [x], { perm: { ints: [1, 0, 2, 3] } }, "turn"),
    'Transpose "turn" must leave the batch the first axis',
  ],
  [
    "steps along channels",
    (g, x) =>
      g.node(
        "Slice",
        [x, ints(g, "s", [0]), ints(g, "e", [4]), ints(g, "a", [1]), ints(g, "t", [2])],
        {},
        "thin",
      ),
    'Slice "thin" must have steps of 1, or positive ones along rows and columns, to convert; got 2 along axis 1',
  ],
];

test.each(refused)("%s is refused by the node's name", async (_, make, expected) => {
  expect(await message(graphFile(image, make))).toContain(`InputError: network.onnx: ${expected}`);
});

test("a graph with open rows and columns is refused", async () => {
  const g = new OnnxGraphBuilder("open");
  g.output(g.node("Relu", [g.input("input", [null, 3, null, 8])]));
  expect(await message(onnxFile(g.build()))).toBe(
    'InputError: network.onnx: input "input" must have a fixed size in all dimensions but the batch, got [?, 3, ?, 8]',
  );
});
