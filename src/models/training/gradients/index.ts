/**
 * The operators that can be trained through. A new rule is a file beside this one and a line here.
 */
import type { GradientRule } from "../rule.js";
import { batchNormalization } from "./batch-normalization.js";
import { conv } from "./conv.js";
import { add, div, identity, mul, relu, sub } from "./elementwise.js";
import { gemm, matMul } from "./matrix-product.js";
import { averagePool, globalAveragePool, maxPool } from "./pool.js";
import { flatten, reduceMean, reshapeRule } from "./shape.js";

export const gradientRules: readonly GradientRule[] = [
  add,
  sub,
  mul,
  div,
  relu,
  identity,
  gemm,
  matMul,
  conv,
  batchNormalization,
  maxPool,
  averagePool,
  globalAveragePool,
  reduceMean,
  reshapeRule,
  flatten,
];
