/**
 * Which layers must arrive well? The same link carries all weights, or all but the first convolution,
 * or all but the last layer, and what stays home arrives without noise.
 */
import { defineScenario } from "../src/scenario/schema.js";

export default defineScenario({
  title: "Layers kept from the noise",
  model: { name: "glyphs-resnet" },
  dataset: { name: "glyphs" },
  channel: { name: "awgn", wnrDb: 8 },
  receivers: ["ml"],
  sweep: {
    "channel.wnrDb": "4:4:12",
    "model.travel.exclude": [[], ["conv1.weight"], ["fc.*"]],
  },
  trials: 10,
});
