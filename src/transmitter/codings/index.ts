/**
 * The codes that scenarios can name. A new code is a file beside this one and a line here.
 */
import { companding } from "./companding.js";
import { linearCode } from "./linear-code.js";
import { powerAllocation } from "./power-allocation.js";
import { pruning } from "./pruning.js";
import { repetition } from "./repetition.js";

export const codings = [powerAllocation, repetition, pruning, companding, linearCode] as const;
