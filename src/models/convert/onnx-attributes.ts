/** Attributes of ONNX nodes, with their defaults, and what a node's layer is called. */
import type { OnnxNode } from "../../weights/onnx-proto.js";

export function integer(node: OnnxNode, name: string, fallback: number): number {
  return Number(node.attribute.find((a) => a.name === name)?.i ?? fallback);
}

export function float(node: OnnxNode, name: string, fallback: number): number {
  const value = node.attribute.find((a) => a.name === name)?.f;
  // The file holds 32 bits, which JavaScript would show as 0.000009999999747378752.
  return value === undefined ? fallback : Number(value.toPrecision(7));
}

export function integers(node: OnnxNode, name: string): number[] | undefined {
  return node.attribute.find((a) => a.name === name)?.ints?.map(Number);
}

/** The layer's name: that of its weight tensor without its last part, or the node's output. */
export function layerName(node: OnnxNode, weight: string | undefined): string {
  return /^(.+)\.(weight|kernel|gamma)$/.exec(weight ?? "")?.[1] ?? node.output[0];
}

export function text(node: OnnxNode, name: string, fallback: string): string {
  const bytes = node.attribute.find((a) => a.name === name)?.s;
  return bytes === undefined ? fallback : Buffer.from(bytes).toString();
}
