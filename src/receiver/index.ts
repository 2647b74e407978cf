/**
 * The estimators that scenarios can name. A new estimator is a file beside this one and a line here.
 */
import { ml } from "./ml.js";
import { mmse } from "./mmse.js";
import { mmsePb } from "./mmse-pb.js";

export const estimators = [ml, mmse, mmsePb] as const;
