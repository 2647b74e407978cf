/** Nodes of the forward graph, as gradient rules read them. */
import type { OnnxNode } from "../../weights/onnx-proto.js";
import type { ForwardNode } from "./rule.js";

/** Prefix of the values that are added; no exporter uses it. */
export const own = "weightlink/";

export function forwardNode(node: OnnxNode): ForwardNode {
  const attribute = (name: string) => node.attribute.find((a) => a.name === name);
  return {
    operator: node.domain ? `${node.domain}.${node.op_type}` : node.op_type,
    name: node.name || node.output.find((o) => o !== "") || "",
    inputs: node.input,
    outputs: node.output,
    int: (name, fallback) => Number(attribute(name)?.i ?? fallback),
    float: (name, fallback) => attribute(name)?.f ?? fallback,
    ints: (name) => attribute(name)?.ints?.map(Number),
    text: (name, fallback) => {
      const bytes = attribute(name)?.s;
      return bytes === undefined ? fallback : Buffer.from(bytes).toString();
    },
  };
}
