/**
 * Grids for mmse-pb that were published, by name:
 *
 *     receivers: [{ name: mmse-pb, preset: paper-fig3 }]
 *
 * is the receiver with these keys, where the scenario does not give them itself. The setting is chosen by the
 * test images, as published: an upper bound, marked in results. For a receiver, add `choose: validation`.
 *
 * Source: Shao, Liew, Gündüz, arXiv 2105.10699: fig. 3, and the grids of its published code per network.
 * Limits: settings at or beyond the pole λ' = 1 + η are left out here, as always; the published code keeps
 * them, and its largest λ' crosses the pole where η is below −11.5 dB.
 */
const presets = {
  "paper-fig3": { lambda: "0.95:0.01:1.06", beta: "-4:0.2:0.4", choose: "oracle" },
  "paper-resnet": { lambda: "0.95:0.01:1.07", beta: "-4:0.2:0.4", choose: "oracle" },
  "paper-shufflenet": { lambda: "0.90:0.01:1.15", beta: "-4:0.5:4", choose: "oracle" },
  "paper-bert": {
    lambda: [0.02, 0.04, 0.06, 0.08, "0.1:0.05:1.1"],
    beta: [-30, -20, -15, "-10:2:50"],
    choose: "oracle",
  },
} as const;

export const presetNames = Object.keys(presets) as [keyof typeof presets];

/** A receiver as a scenario gives it, with what its preset adds. Anything else is returned as it is. */
export function withPreset(receiver: unknown): unknown {
  if (typeof receiver !== "object" || receiver === null) return receiver;
  const { name, preset } = receiver as { name?: unknown; preset?: unknown };
  if (name !== "mmse-pb" || typeof preset !== "string" || !(preset in presets)) return receiver;
  return { ...presets[preset as keyof typeof presets], ...receiver };
}
