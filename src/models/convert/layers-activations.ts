/** Activations of TensorFlow.js, inside a layer or as one, as nodes of ONNX. */
import type { Held, LayersConversion } from "./layers-to-onnx.js";
import type { LayerNode } from "./layers-topology.js";

const activations: Readonly<Record<string, string>> = {
  relu: "Relu",
  sigmoid: "Sigmoid",
  tanh: "Tanh",
  elu: "Elu",
  selu: "Selu",
};

/** The layer's `activation` applied to a value; `output` names the result. */
export function activated(layer: LayerNode, c: LayersConversion, held: Held, output: string): Held {
  const name = String(layer.config.activation ?? "linear");
  if (name === "linear") return held;
  if (name === "softmax") return { ...held, value: softmax(layer, c, held, -1, output) };
  if (name === "relu6") return { ...held, value: clip(c, held.value, 6, output) };
  if (!Object.hasOwn(activations, name)) {
    const known = ["linear", "softmax", "relu6", ...Object.keys(activations)].join(", ");
    throw c.refused(layer, `must have an activation of ${known} to convert, got "${name}"`);
  }
  return { ...held, value: c.graph.node(activations[name], [held.value], {}, output) };
}

export function softmax(
  layer: LayerNode,
  c: LayersConversion,
  { value, order }: Held,
  axis: number,
  output: string,
): string {
  const own = (axis + order.length) % order.length;
  if (own === 0) throw c.refused(layer, "must not be over the batch");
  return c.graph.node("Softmax", [value], { axis: { int: order.indexOf(own) } }, output);
}

export function clip(c: LayersConversion, value: string, limit: number, output: string): string {
  const [low, high] = [0, limit].map((bound, i) =>
    c.graph.initializer(`${output}.bound${i}`, [], Float32Array.of(bound)),
  );
  return c.graph.node("Clip", [value, low, high], {}, output);
}

/** What comes before the layer's activation; the layer's own name where there is none. */
export function inner({ name, config }: LayerNode): string {
  return (config.activation ?? "linear") === "linear" ? name : `${name}.linear`;
}
