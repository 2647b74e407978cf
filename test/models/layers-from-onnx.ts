/**
 * Rebuilds an ONNX image network in the layers API of TensorFlow.js, parameters and all: for tests
 * that score one network both ways. It knows the operators of a residual network and no others.
 *
 * ONNX has channels first and TensorFlow.js last, so convolution kernels are transposed from
 * [out, in, rows, columns] to [rows, columns, in, out], and dense ones where `transB` says [out, in].
 */
import type { LayersModel, SymbolicTensor, Tensor } from "@tensorflow/tfjs";
import type { TensorFlow } from "../../src/models/tensorflow-backend.js";
import { type OnnxFile, readTensor } from "../../src/weights/onnx-file.js";
import { decodeModel, type OnnxNode } from "../../src/weights/onnx-proto.js";

export function layersFromOnnx(tf: TensorFlow, file: OnnxFile): LayersModel {
  const { layers } = tf;
  const { graph } = decodeModel(file.bytes);

  const parameter = (name: string): Tensor => {
    const place = file.tensors.find((t) => t.name === name)!;
    const values = new Float32Array(place.size);
    readTensor(file, place, values);
    return tf.tensor(values, [...place.shape]);
  };
  const dims = file.inputs[0].type!.tensor_type!.shape!.dim.map((d) => Number(d.dim_value));
  const [, channels, rows, columns] = dims;
  const input = tf.input({ shape: [rows, columns, channels] });
  const values = new Map<string, SymbolicTensor>([[file.inputs[0].name, input]]);
  /** Parameters for the layer of that name, in the layer's order. */
  const parameters = new Map<string, Tensor[]>();

  for (const [i, node] of graph.node.entries()) {
    const name = `${node.op_type}_${i}`;
    const x = values.get(node.input[0])!;
    const others = () => node.input.slice(1).map(parameter);
    let y: SymbolicTensor;
    switch (node.op_type) {
      case "Conv": {
        const [kernel, ...bias] = others();
        const [filters, , ...kernelSize] = kernel.shape;
        // What ONNX calls SAME_UPPER is TensorFlow's "same": the odd row goes below, not above.
        const same = text(node, "auto_pad") === "SAME_UPPER";
        const [top, left, bottom, right] = integers(node, "pads", [0, 0, 0, 0]);
        const rim: [[number, number], [number, number]] = [
          [top, bottom],
          [left, right],
        ];
        const padded = same ? x : layers.zeroPadding2d({ padding: rim }).apply(x);
        const convolution = layers.conv2d({
          name,
          filters,
          kernelSize,
          strides: integers(node, "strides", [1, 1]) as [number, number],
          padding: same ? "same" : "valid",
          useBias: bias.length > 0,
        });
        y = convolution.apply(padded) as SymbolicTensor;
        parameters.set(name, [kernel.transpose([2, 3, 1, 0]), ...bias]);
        break;
      }
      case "BatchNormalization": {
        const epsilon = node.attribute.find((a) => a.name === "epsilon")?.f ?? 1e-5;
        y = layers.batchNormalization({ name, epsilon }).apply(x) as SymbolicTensor;
        parameters.set(name, others());
        break;
      }
      case "Relu":
        y = layers.reLU().apply(x) as SymbolicTensor;
        break;
      case "Add":
        y = layers.add().apply([x, values.get(node.input[1])!]) as SymbolicTensor;
        break;
      case "GlobalAveragePool":
        y = layers.globalAveragePooling2d({}).apply(x) as SymbolicTensor;
        break;
      case "Flatten":
        // Global pooling in TensorFlow.js is flat already; other values would flatten in another order.
        if (x.shape.length !== 2) throw new Error("layersFromOnnx: flattens pooled values only");
        y = x;
        break;
      case "Gemm": {
        const transposed = integers(node, "transB", [0])[0] === 1;
        const [kernel, bias] = others();
        const ours = transposed ? kernel.transpose() : kernel;
        y = layers.dense({ name, units: ours.shape[1]! }).apply(x) as SymbolicTensor;
        parameters.set(name, [ours, bias]);
        break;
      }
      default:
        throw new Error(`layersFromOnnx: does not know ${node.op_type}`);
    }
    values.set(node.output[0], y);
  }
  const network = tf.model({ inputs: input, outputs: values.get(graph.output[0].name)! });
  for (const [name, tensors] of parameters) network.getLayer(name).setWeights(tensors);
  return network;
}

function integers(node: OnnxNode, name: string, absent: number[]): number[] {
  const attribute = node.attribute.find((a) => a.name === name);
  if (attribute === undefined) return absent;
  return attribute.ints?.length ? attribute.ints.map(Number) : [Number(attribute.i)];
}

function text(node: OnnxNode, name: string): string | undefined {
  const bytes = node.attribute.find((a) => a.name === name)?.s;
  return bytes && new TextDecoder().decode(bytes);
}
