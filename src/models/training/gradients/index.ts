/**
 * The operators that can be trained through. A new rule is a file beside this one and a line here.
 */
import type { GradientRule } from "../rule.js";
import { clip, gelu, leakyRelu, sigmoid, tanh } from "./activations.js";
import { batchNormalization } from "./batch-normalization.js";
import { conv } from "./conv.js";
import { convTranspose } from "./conv-transpose.js";
import { add, div, identity, mul, relu, sub } from "./elementwise.js";
import { erf, exp, log, neg, pow, sqrt } from "./functions.js";
import { gather } from "./gather.js";
import { layerNormalization } from "./layer-normalization.js";
import { gemm, matMul } from "./matrix-product.js";
import {
  cast,
  concat,
  expand,
  padRule,
  sliceRule,
  split,
  squeeze,
  transposeRule,
  unsqueeze,
  where,
} from "./moves.js";
import { averagePool, globalAveragePool, maxPool } from "./pool.js";
import { flatten, reduceMean, reduceSum, reshapeRule } from "./shape.js";
import { logSoftmax, softmax } from "./softmax.js";

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
  convTranspose,
  batchNormalization,
  maxPool,
  averagePool,
  globalAveragePool,
  layerNormalization,
  sigmoid,
  tanh,
  leakyRelu,
  gelu,
  clip,
  softmax,
  logSoftmax,
  exp,
  log,
  sqrt,
  pow,
  erf,
  neg,
  reduceMean,
  reduceSum,
  reshapeRule,
  flatten,
  transposeRule,
  squeeze,
  unsqueeze,
  expand,
  concat,
  split,
  sliceRule,
  padRule,
  gather,
  where,
  cast,
];
