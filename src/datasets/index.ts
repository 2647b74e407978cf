/** Every data set format. A new one is its file and a line here. */
import { cifar10 } from "./cifar10.js";
import { glyphs } from "./glyphs.js";
import { idx } from "./idx.js";
import { npy } from "./npy.js";

export const datasets = [cifar10, idx, npy, glyphs] as const;
