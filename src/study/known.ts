/** What a receiver is told beyond r, as far as its estimator declares to need it. */
import { InputError } from "../errors.js";
import { fitMixture } from "../math/gaussian-mixture.js";
import type { Observation } from "../observation.js";
import type { Estimator, Known } from "../receiver/estimator.js";
import { estimateMoments, momentsOf } from "../receiver/moments.js";
import type { Moments, Prior, PriorPart, PriorRequest, TensorPlace } from "../receiver/prior.js";
import { priorRequestOf } from "../receiver/side-information.js";
import { estimatorOf, receiverLabel } from "../scenario/schema.js";
import { matcher, nearestHint, unmatched } from "../weights/patterns.js";
import type { Bench } from "./bench.js";

export interface Told {
  readonly known: Known;
  /** What the reader of the results should know, e.g. that a mixture was not found. */
  readonly notes: readonly string[];
}

type Network = Pick<Bench, "weights" | "statistics" | "layout">;

/** `params` are the receiver's, as the scenario gives them. */
export function knownOf(
  estimator: Estimator,
  params: object,
  network: Network,
  received: Observation,
): Told {
  const notes: string[] = [];
  const { noiseVariance, cells } = received;
  if (estimator.needs.includes("cells") && cells === undefined) notes.push(withoutCells);
  const tensors = stretchesOf(network);
  const request = priorRequestOf(estimator, params);
  const prior =
    request === undefined ? network.statistics : priorOf(request, network, received, notes);
  return {
    known: told(estimator, { noiseVariance, prior, tensors, cells }),
    notes: [...new Set(notes)],
  };
}

const withoutCells =
  "r does not lie in the cells of one converter (the channel has none, or is a chain, or a code came between): the Gaussian posterior mean of r in its place";

/** Only what the estimator declares to need. */
function told(estimator: Estimator, known: Known): Known {
  return Object.fromEntries(estimator.needs.map((key) => [key, known[key]])) as unknown as Known;
}

const stretchesOf = ({ layout }: Network): TensorPlace[] =>
  layout.entries.map(({ offset, size, shape }) => ({ from: offset, to: offset + size, shape }));

interface Found {
  readonly prior: Prior;
  readonly notes: readonly string[];
}

function priorOf(
  request: PriorRequest,
  network: Network,
  received: Observation,
  notes: string[],
): Prior {
  if (request.source !== "estimated") {
    const found = truePriorOf(request, network);
    notes.push(...found.notes);
    return found.prior;
  }
  const { r, noiseVariance } = received;
  return build(request, network, r, noiseVariance, estimateMoments(r, noiseVariance), notes);
}

/** Priors of the weights themselves, which do not change between trials. */
const truePriors = new WeakMap<Float32Array, Map<string, Found>>();

function truePriorOf(request: PriorRequest, network: Network): Found {
  const { weights, statistics } = network;
  const known = truePriors.get(weights) ?? new Map<string, Found>();
  truePriors.set(weights, known);
  const key = JSON.stringify({ ...request, source: undefined });
  const earlier = known.get(key);
  if (earlier !== undefined) return earlier;
  const notes: string[] = [];
  const prior = build(request, network, weights, 0, statistics, notes);
  known.set(key, { prior, notes });
  return { prior, notes };
}

/** The prior that values with this noise variance suggest, whose moments over all are `overall`. */
function build(
  request: PriorRequest,
  network: Network,
  values: Float32Array,
  noise: number | Float32Array,
  overall: Moments,
  notes: string[],
): Prior {
  const { mean, variance } = overall;
  const groups = groupsOf(request, network);
  let parts: PriorPart[] | undefined;
  if (request.scope === "tensor" || groups !== undefined) {
    parts = stretchesOf(network).map(({ from, to }, i) => ({
      from,
      to,
      ...(request.scope === "global"
        ? { mean, variance }
        : noise === 0
          ? momentsOf(values, from, to)
          : estimateMoments(values, noise, from, to)),
      ...(groups?.[i] !== undefined && { group: groups[i] }),
    }));
  }
  if (request.kind !== "mixture") return { mean, variance, ...(parts && { parts }) };
  parts ??= [{ from: 0, to: values.length, mean, variance }];
  const reasons: string[] = [];
  parts = parts.map((part) => withMixture(part, request, values, noise, reasons));
  if (reasons.length > 0) {
    const where = request.scope === "tensor" ? `${reasons.length} of ${parts.length} tensors` : "";
    notes.push(
      `a Gaussian instead of ${request.components}${where && ` for ${where}`}: ${[...new Set(reasons)].slice(0, 3).join("; ")}`,
    );
  }
  return { mean, variance, parts };
}

/** The group of each tensor, the first that names it; undefined without groups. */
function groupsOf(
  { groups }: PriorRequest,
  { layout }: Pick<Network, "layout">,
): readonly (string | undefined)[] | undefined {
  if (groups === undefined || Object.keys(groups).length === 0) return undefined;
  const matchers = Object.entries(groups).map(([group, patterns]) => ({
    group,
    matches: matcher(patterns),
  }));
  return layout.entries.map(({ name }) => matchers.find(({ matches }) => matches(name))?.group);
}

/** Throws InputError where a receiver names tensors that the network does not send, or a group gets none. */
export function checkGroups(
  { receivers }: { readonly receivers: readonly Record<string, unknown>[] },
  network: Pick<Network, "layout">,
): void {
  const names = network.layout.entries.map(({ name }) => name);
  for (const receiver of receivers) {
    const request = priorRequestOf(estimatorOf(receiver), receiver);
    const given = request && groupsOf(request, network);
    for (const [group, patterns] of Object.entries(request?.groups ?? {})) {
      const key = `receivers.${receiverLabel(receiver)}.groups.${group}.tensors`;
      const pattern = unmatched(patterns, names);
      if (pattern !== undefined) {
        throw new InputError(
          `${key}: no tensor that is sent matches "${pattern}"${nearestHint(pattern, names)}`,
        );
      }
      if (!given!.includes(group)) {
        const first = given![names.findIndex(matcher(patterns))];
        throw new InputError(
          `${key} must name a tensor that no earlier group has, got ${JSON.stringify(patterns)}, which all go to "${first}"`,
        );
      }
    }
  }
}

/** Values that a fit looks at: its parameters are then within about 1 %. */
const fittedValues = 2 ** 14;

function withMixture(
  part: PriorPart,
  { components, iterations }: Extract<PriorRequest, { kind: "mixture" }>,
  values: Float32Array,
  noise: number | Float32Array,
  reasons: string[],
): PriorPart {
  const { from, to, mean, variance } = part;
  const stride = Math.max(1, (to - from) / fittedValues);
  const r: number[] = [];
  const variances: number[] = [];
  for (let place = from; place < to; place += stride) {
    const k = Math.floor(place);
    const v = typeof noise === "number" ? noise : noise[k];
    if (v === Infinity) continue;
    r.push(values[k]);
    variances.push(v);
  }
  const fit = fitMixture(Float64Array.from(r), Float64Array.from(variances), {
    components,
    iterations,
    mean,
    variance,
  });
  if (fit.mixture === undefined) {
    reasons.push(fit.reason);
    return part;
  }
  return { ...part, mixture: fit.mixture };
}
