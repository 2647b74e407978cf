/**
 * The optimizers that training can name. A new optimizer is a file beside this one and a line here.
 */
import { adam, adamW } from "./adam.js";
import { sgd } from "./sgd.js";

export const optimizers = [sgd, adam, adamW] as const;
