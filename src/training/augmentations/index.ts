/** The augmentations that scenarios can name. A new one is a file beside this one and a line here. */
import { horizontalFlip } from "./horizontal-flip.js";
import { randomCrop } from "./random-crop.js";

export const augmentations = [randomCrop, horizontalFlip] as const;
