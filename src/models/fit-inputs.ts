/**
 * Examples in the form that a model takes: inputs matched by name or order, channels moved to where the
 * model wants them, types as the model wants them.
 */
import type { ExampleInput, Examples } from "../datasets/dataset.js";
import { InputError } from "../errors.js";
import type { Model, ModelInput } from "./model.js";

/** Throws InputError where shapes or types disagree. Data that fits already is not copied. */
export function fitExamples(examples: Examples, model: Model, modelName: string): Examples {
  const { inputs } = model;
  const describe = (list: readonly { name?: string; shape: readonly (number | null)[] }[]) =>
    list.map((i) => `${i.name ?? "input"} [${i.shape.map((d) => d ?? "?").join(", ")}]`).join(", ");
  if (examples.inputs.length !== inputs.length) {
    throw new InputError(
      `${modelName} takes ${inputs.length} inputs (${describe(inputs)}) and the data set has ` +
        `${examples.inputs.length} (${describe(examples.inputs)})`,
    );
  }
  const fitted = inputs.map((input, i) => {
    const example = examples.inputs.find((e) => e.name === input.name) ?? examples.inputs[i];
    const moved = fitShape(example, input.shape.slice(1));
    if (moved === undefined) {
      throw new InputError(
        `${modelName}: input "${input.name}" takes examples of shape ` +
          `[${input.shape
            .slice(1)
            .map((d) => d ?? "?")
            .join(", ")}], the data set has [${example.shape.join(", ")}]`,
      );
    }
    return { name: input.name, shape: moved.shape, data: fitType(moved, input, modelName) };
  });
  return { ...examples, inputs: fitted };
}

/** `count` examples from `start` on, as views; as copies where they lie in shared memory, which runtimes refuse. */
export function sliceExamples(examples: Examples, start: number, count: number): ExampleInput[] {
  return examples.inputs.map((input) => {
    const size = input.shape.reduce((a, b) => a * b, 1);
    const view = input.data.subarray(start * size, (start + count) * size);
    return { ...input, data: view.buffer instanceof SharedArrayBuffer ? view.slice() : view };
  });
}

/** The examples in memory that worker threads share. */
export function shareExamples(examples: Examples): Examples {
  return {
    count: examples.count,
    inputs: examples.inputs.map((input) => ({ ...input, data: share(input.data as Float32Array) })),
    labels: share(examples.labels as never as Float32Array) as never as Int32Array,
  };
}

// Elements are only moved, so the code for one type of number serves them all.
function share(from: Float32Array): Float32Array {
  const TypedArray = from.constructor as Float32ArrayConstructor;
  const shared = new TypedArray(new SharedArrayBuffer(from.byteLength));
  shared.set(from);
  return shared;
}

/** The examples at `indices`, in that order, as copies. */
export function pickExamples(examples: Examples, indices: ArrayLike<number>): Examples {
  const inputs = examples.inputs.map((input) => {
    const size = input.shape.reduce((a, b) => a * b, 1);
    // Elements are only moved, so the code for one type of number serves them all.
    const from = input.data as Float32Array;
    const data = new (from.constructor as Float32ArrayConstructor)(indices.length * size);
    for (let i = 0; i < indices.length; i++) {
      data.set(from.subarray(indices[i] * size, (indices[i] + 1) * size), i * size);
    }
    return { ...input, data };
  });
  return {
    count: indices.length,
    inputs,
    labels: Int32Array.from({ length: indices.length }, (_, i) => examples.labels[indices[i]]),
  };
}

/** The example in the wanted shape; undefined where it cannot be brought into it. */
function fitShape(
  example: ExampleInput,
  wanted: readonly (number | null)[],
): ExampleInput | undefined {
  const fits = (shape: readonly number[]) =>
    shape.length === wanted.length && shape.every((d, i) => wanted[i] === null || wanted[i] === d);
  if (fits(example.shape)) return example;
  const [channels, rows, columns] = example.shape;
  if (example.shape.length === 3) {
    const last = [rows, columns, channels];
    if (fits(last)) return { ...example, shape: last, data: channelsLast(example) };
  }
  // An image for a network that takes it flat, or a flat vector with a dimension of 1 around it.
  const size = example.shape.reduce((a, b) => a * b, 1);
  if (wanted.every((d) => d !== null) && wanted.reduce<number>((a, b) => a * b!, 1) === size) {
    const squeezed = (shape: readonly (number | null)[]) => shape.filter((d) => d !== 1).join();
    if (wanted.length === 1 || squeezed(wanted) === squeezed(example.shape)) {
      return { ...example, shape: wanted as number[] };
    }
  }
  return undefined;
}

/** [channels, rows, columns] to [rows, columns, channels] for every example. */
function channelsLast({ data, shape }: ExampleInput): ExampleInput["data"] {
  const [channels, rows, columns] = shape;
  const pixels = rows * columns;
  const from = data as Float32Array; // only moved
  const out = data.slice() as Float32Array;
  for (let start = 0; start < from.length; start += channels * pixels) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < pixels; p++) out[start + p * channels + c] = from[start + c * pixels + p];
    }
  }
  return out;
}

function fitType(
  example: ExampleInput,
  input: ModelInput,
  modelName: string,
): ExampleInput["data"] {
  const { data } = example;
  switch (input.type) {
    case "float32":
      if (data instanceof Float32Array) return data;
      if (data instanceof Int32Array) return Float32Array.from(data);
      break;
    case "int32":
      if (data instanceof Int32Array) return data;
      if (data instanceof BigInt64Array) return Int32Array.from(data, Number);
      break;
    case "int64":
      if (data instanceof BigInt64Array) return data;
      if (data instanceof Int32Array) return BigInt64Array.from(data, BigInt);
      break;
  }
  throw new InputError(
    `${modelName}: input "${input.name}" takes ${input.type}, the data set has ${data.constructor.name}`,
  );
}
