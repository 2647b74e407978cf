/**
 * The walk back from the loss: reverse-mode differentiation of a graph, node by node.
 *
 * Nodes stand in topological order, so that in reverse order all uses of a value have been seen, and its gradient
 * is the sum of theirs, before the node that makes it is asked for the gradients of its inputs.
 *
 * Source: Griewank, Walther, Evaluating Derivatives (2008), section 3.2.
 */
import { InputError } from "../../errors.js";
import type { ForwardGraph } from "./forward-graph.js";
import { gradientRules } from "./gradients/index.js";
import type { GraphWriter } from "./graph-writer.js";
import type { GradientRule } from "./rule.js";

const rules = new Map<string, GradientRule>(gradientRules.map((rule) => [rule.operator, rule]));

/** Values that one of `trained` lies before, these included. */
export function valuesBehind(
  { nodes }: Pick<ForwardGraph, "nodes">,
  trained: Iterable<string>,
): Set<string> {
  const found = new Set(trained);
  for (const { inputs, outputs } of nodes) {
    if (inputs.some((name) => found.has(name))) {
      for (const name of outputs) if (name !== "") found.add(name);
    }
  }
  return found;
}

/**
 * Writes gradients of all values that need one and returns their names, those of the parameters among them.
 * `seed` is the gradient of the loss with respect to the scores.
 */
export function writeGradients(
  forward: ForwardGraph,
  graph: GraphWriter,
  seed: string,
): Map<string, string> {
  const gradients = new Map([[forward.scores, seed]]);
  for (const node of forward.nodes.toReversed()) {
    const outputs = node.outputs.map((name) => gradients.get(name));
    if (outputs.every((g) => g === undefined)) continue;
    if (!node.inputs.some((name) => graph.needsGradient(name))) continue;
    const rule = rules.get(node.operator);
    if (rule === undefined) {
      throw new InputError(
        `training: node "${node.name}": operator ${node.operator} cannot be trained through; ` +
          `known: ${[...rules.keys()].sort().join(", ")}`,
      );
    }
    rule.gradient(node, outputs, graph).forEach((gradient, i) => {
      const name = node.inputs[i]!;
      if (gradient === undefined || !graph.needsGradient(name)) return;
      const before = gradients.get(name);
      const sum = before && graph.node("Add", [before, gradient], graph.shapeOf(name));
      gradients.set(name, sum ?? gradient);
    });
  }
  return gradients;
}
