/**
 * The operators that can be trained through. A new rule is a file beside this one and a line here.
 */
import type { GradientRule } from "../rule.js";
import { add, div, identity, mul, relu, sub } from "./elementwise.js";

export const gradientRules: readonly GradientRule[] = [add, sub, mul, div, relu, identity];
