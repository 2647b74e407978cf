/**
 * The layers of a TensorFlow.js or Keras network and what each takes, read from `modelTopology`.
 *
 * Sequential networks and graphs of layers ("Model", "Functional") alike; Keras wraps the network in `model_config`.
 *
 * Source: tfjs-layers 4.22, `engine/container.ts` and `models.ts`; Keras 2 writes the same.
 * Limits: no network inside a network, no layer that is applied twice, no file of Keras 3.
 */
import { z } from "zod";
import { InputError } from "../../errors.js";

export interface LayerNode {
  readonly name: string;
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Names of the layers whose outputs it takes. */
  readonly inputs: readonly string[];
}

export interface LayerGraph {
  readonly layers: ReadonlyMap<string, LayerNode>;
  /** In the network's order. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const inbound = z.tuple([z.string(), z.number(), z.number()]).rest(z.unknown());
const ends = z.union([z.array(inbound).min(1), inbound.transform((end) => [end])]);

const layerSchema = z.looseObject({
  name: z.string().optional(),
  class_name: z.string(),
  config: z.looseObject({ name: z.string().optional() }),
  inbound_nodes: z.array(z.unknown()).default([]),
});

const graphSchema = z.object({
  class_name: z.enum(["Model", "Functional"]),
  config: z.looseObject({
    layers: z.array(layerSchema),
    input_layers: ends,
    output_layers: ends,
  }),
});

const sequentialSchema = z.object({
  class_name: z.literal("Sequential"),
  // The first Keras versions wrote a Sequential's layers straight into `config`.
  config: z.union([
    z.array(layerSchema).transform((layers) => ({ layers })),
    z.looseObject({ layers: z.array(layerSchema) }),
  ]),
});

const networkSchema = z.union([graphSchema, sequentialSchema]);

export function readLayerGraph(
  topology: Readonly<Record<string, unknown>>,
  path: string,
): LayerGraph {
  const parsed = networkSchema.safeParse(topology.model_config ?? topology);
  if (!parsed.success) {
    throw new InputError(
      `${path}: modelTopology must be a Sequential network or a Model of layers as TensorFlow.js and Keras 2 write them`,
    );
  }
  const network = parsed.data;
  return network.class_name === "Sequential"
    ? chain(network.config.layers, path)
    : graph(network.config, path);
}

type Layer = z.output<typeof layerSchema>;

function nameOf({ name, config, class_name }: Layer, path: string): string {
  const found = config.name ?? name;
  if (found === undefined) throw new InputError(`${path}: a ${class_name} layer has no name`);
  return found;
}

function chain(layers: readonly Layer[], path: string): LayerGraph {
  const nodes = new Map<string, LayerNode>();
  let last: string | undefined;
  for (const layer of layers) {
    const name = nameOf(layer, path);
    const { class_name: className, config } = layer;
    if (last === undefined && className !== "InputLayer") {
      // The first layer says what it takes.
      last = `${name}_input`;
      nodes.set(last, { name: last, className: "InputLayer", config, inputs: [] });
    }
    nodes.set(name, { name, className, config, inputs: last === undefined ? [] : [last] });
    last = name;
  }
  if (last === undefined) throw new InputError(`${path}: the network has no layers`);
  return { layers: nodes, inputs: [nodes.keys().next().value!], outputs: [last] };
}

function graph(
  { layers, input_layers, output_layers }: z.output<typeof graphSchema>["config"],
  path: string,
): LayerGraph {
  const nodes = new Map<string, LayerNode>();
  for (const layer of layers) {
    const name = nameOf(layer, path);
    const where = `${path}: layer "${name}" (${layer.class_name})`;
    if (layer.inbound_nodes.length > 1) {
      throw new InputError(`${where} is applied ${layer.inbound_nodes.length} times, not once`);
    }
    const calls = z.array(inbound).safeParse(layer.inbound_nodes[0] ?? []);
    if (!calls.success) {
      throw new InputError(`${where} must list its inputs as TensorFlow.js and Keras 2 do`);
    }
    const inputs = calls.data.map(([input, call, tensor]) => {
      if (call !== 0 || tensor !== 0) {
        throw new InputError(`${where} must take the only output of layer "${input}"`);
      }
      return input;
    });
    nodes.set(name, { name, className: layer.class_name, config: layer.config, inputs });
  }
  const known = (names: readonly string[]) => {
    const missing = names.find((name) => !nodes.has(name));
    if (missing !== undefined) throw new InputError(`${path}: there is no layer "${missing}"`);
    return names;
  };
  for (const { inputs } of nodes.values()) known(inputs);
  return {
    layers: nodes,
    inputs: known(input_layers.map(([name]) => name)),
    outputs: known(output_layers.map(([name]) => name)),
  };
}
