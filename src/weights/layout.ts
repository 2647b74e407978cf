/**
 * Which tensors of a model travel, and where each lies in the flat weight vector.
 */
import { InputError } from "../errors.js";
import { matcher, nearestHint, unmatched } from "./patterns.js";

/**
 * The part a tensor plays in the network. Only weights travel by default:
 * normalization parameters stay home (as in arXiv 2105.10699), and so do integer tensors and
 * scalar constants of the graph, which are not parameters.
 */
export type TensorRole = "weight" | "normalization" | "integer" | "scalar";

export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly role: TensorRole;
}

export interface LayoutEntry extends NamedTensor {
  /** Index of its first element in the weight vector. */
  readonly offset: number;
}

/** Tensors that travel, in model order. */
export interface Layout {
  readonly entries: readonly LayoutEntry[];
  /** Length of the weight vector. */
  readonly size: number;
}

/** Selection rules, as the scenario's `model.travel` writes them. */
export interface TravelRules {
  /** Glob patterns of the tensors that travel; `*` matches any characters. */
  readonly include: readonly string[];
  /** Glob patterns of tensors that stay home although included. */
  readonly exclude: readonly string[];
  /** Whether normalization parameters travel too. */
  readonly normalization: boolean;
}

/** Rules by which every floating-point tensor is in the layout: the model whole. */
export const everyTensor: TravelRules = { include: ["*"], exclude: [], normalization: true };

export const defaultTravelRules: TravelRules = {
  include: ["*"],
  exclude: [],
  normalization: false,
};

/** Applies the rules. A pattern that matches no tensor at all is an error: it is a misspelling. */
export function layOut(tensors: readonly NamedTensor[], rules: TravelRules): Layout {
  const names = tensors.map((t) => t.name);
  for (const key of ["include", "exclude"] as const) {
    // Of a model without tensors, "*" is all that there is.
    const pattern = unmatched(
      rules[key].filter((each) => each !== "*"),
      names,
    );
    if (pattern === undefined) continue;
    throw new InputError(
      `model.travel.${key}: no tensor of the model matches "${pattern}"${nearestHint(pattern, names)}`,
    );
  }
  const included = matcher(rules.include);
  const excluded = matcher(rules.exclude);
  const entries: LayoutEntry[] = [];
  let size = 0;
  for (const tensor of tensors) {
    const travels =
      (tensor.role === "weight" || (tensor.role === "normalization" && rules.normalization)) &&
      included(tensor.name) &&
      !excluded(tensor.name);
    if (!travels) continue;
    entries.push({ ...tensor, offset: size });
    size += tensor.size;
  }
  if (size === 0) throw new InputError("model.travel: no tensor of the model is left to send");
  return { entries, size };
}
