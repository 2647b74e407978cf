/**
 * The order in which weights are sent. A fade or a lost packet hits neighbours on the air; interleaving makes
 * them strangers in the network, so that the loss is spread over layers.
 *
 *   block   written row by row into a matrix whose columns are as long as a packet or longer, sent column by
 *           column: neighbouring weights are at least a packet apart on the air
 *   random  a uniformly random permutation, drawn anew in each trial; the receiver knows it
 *
 * Source: Proakis & Salehi, Digital Communications (2008), 7.13.
 */
import type { RandomSource } from "../kernel/index.js";
import { frame, type SendingParams } from "./transmitter.js";

/** For each component the weight that it carries; undefined where weights are sent as they lie. */
export function interleaver(
  weightCount: number,
  params: SendingParams,
  random: RandomSource,
): Uint32Array | undefined {
  const { components, componentsPerSymbol } = frame(weightCount, params);
  switch (params.interleaving) {
    case "off":
      return undefined;
    case "block":
      return blockOrder(
        components,
        Math.max(1, Math.floor(components / (params.packetSymbols * componentsPerSymbol))),
      );
    case "random":
      return shuffled(components, random);
  }
}

function blockOrder(components: number, columns: number): Uint32Array {
  const order = new Uint32Array(components);
  let next = 0;
  for (let column = 0; column < columns; column++) {
    for (let place = column; place < components; place += columns) order[next++] = place;
  }
  return order;
}

function shuffled(components: number, random: RandomSource): Uint32Array {
  const order = new Uint32Array(components);
  for (let k = 0; k < components; k++) order[k] = k;
  random.stream("interleaver").shuffle(order);
  return order;
}
