/** Linear layers whose weights travel, with the place of their weights in the weight vector. */
import type { PlacedLayer } from "../../models/input-moments.js";
import type { NetworkPlan } from "./refinement.js";

export interface TravellingLayer extends PlacedLayer {
  /** In `Layers.linear`. */
  readonly index: number;
}

export function travellingLayers({
  layers,
  layout,
}: Pick<NetworkPlan, "layers" | "layout">): TravellingLayer[] {
  const places = new Map(layout.entries.map((entry) => [entry.name, entry]));
  return layers.linear.flatMap((layer, index) => {
    const place = places.get(layer.weight);
    return place === undefined ? [] : [{ layer, index, offset: place.offset, size: place.size }];
  });
}
