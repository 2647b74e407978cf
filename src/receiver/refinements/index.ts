/**
 * The refinements that scenarios can name. A new refinement is a file beside this one and a line here.
 */

import { biasCorrect } from "./bias-correct.js";
import { batchNormDataFree } from "./data-free.js";
import { batchNormProbe } from "./probe.js";
import { batchNormRecalibrate } from "./recalibrate.js";
import { scaleMatch } from "./scale-match.js";

export const refinements = [
  batchNormRecalibrate,
  batchNormDataFree,
  batchNormProbe,
  scaleMatch,
  biasCorrect,
] as const;
