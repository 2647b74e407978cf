/**
 * The losses that training can name. A new loss is a file beside this one and a line here.
 */
import { crossEntropy } from "./cross-entropy.js";
import { squaredError } from "./squared-error.js";

export const losses = [crossEntropy, squaredError] as const;
