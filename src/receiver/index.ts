/**
 * The estimators that scenarios can name. A new estimator is a file beside this one and a line here.
 */
import { jamesStein } from "./james-stein.js";
import { ml } from "./ml.js";
import { mmse } from "./mmse.js";
import { mmseErasure } from "./mmse-erasure.js";
import { mmseLaplace } from "./mmse-laplace.js";
import { mmseMixture } from "./mmse-mixture.js";
import { mmsePb } from "./mmse-pb.js";
import { quantizedPosterior } from "./quantized-posterior.js";
import { svdShrinkage } from "./svd-shrinkage.js";

export const estimators = [
  ml,
  mmse,
  mmsePb,
  mmseLaplace,
  mmseMixture,
  mmseErasure,
  jamesStein,
  svdShrinkage,
  quantizedPosterior,
] as const;
