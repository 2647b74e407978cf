/**
 * What a receiver is told beyond the received symbols, and what of it the transmitter has to send.
 *
 * The words are those that results and comparison tables group receivers by. A receiver always knows the network's
 * structure, the order of transmission, and the two numbers that r is formed with: scale and mean of the weights
 * (docs/transmission.md).
 */
import type { Estimator } from "./estimator.js";
import { globalMoments, numbersPerPart, type PriorRequest } from "./prior.js";

/** The prior that an estimator is given with these parameters; undefined where it needs none. */
export function priorRequestOf(estimator: Estimator, params: object): PriorRequest | undefined {
  if (!estimator.needs.includes("prior")) return undefined;
  return estimator.prior?.(params as never) ?? globalMoments;
}

/**
 * Real numbers that the transmitter sends beside the weights of `tensors` tensors, so that this receiver can
 * work. Where the fit of a mixture fails, fewer would do; the budget is what was asked for.
 */
export function numbersSent(estimator: Estimator, params: object, tensors: number): number {
  const request = priorRequestOf(estimator, params);
  return request?.source === "sent" ? numbersOf(request, tensors) : 0;
}

/** Scale and mean, which every receiver has, give the moments of all weights: Var[w] = 1/scale² − mean². */
function areAnnounced(request: PriorRequest): boolean {
  return request.source === "sent" && request.scope === "global" && request.kind !== "mixture";
}

function numbersOf(request: PriorRequest, tensors: number): number {
  if (areAnnounced(request)) return 0;
  return numbersPerPart(request) * (request.scope === "tensor" ? tensors : 1);
}

/**
 * What an estimator is told, in words: "noise variance", "prior moments per tensor, sent (42 numbers)". `tensors` are the
 * numbers of tensors in the networks of a study.
 */
export function toldInWords(
  estimator: Estimator,
  params: object,
  tensors: readonly number[],
): readonly string[] {
  const words: string[] = [];
  if (estimator.needs.includes("noiseVariance")) words.push("noise variance");
  const request = priorRequestOf(estimator, params);
  if (request !== undefined) words.push(priorInWords(request, tensors));
  if (estimator.needs.includes("cells")) words.push("converter's cells");
  return words;
}

function priorInWords(request: PriorRequest, tensors: readonly number[]): string {
  const subject = {
    means: "prior means",
    moments: "prior moments",
    mixture:
      request.kind === "mixture" ? `prior mixture of ${request.components} Gaussians` : "mixture",
  }[request.kind];
  if (areAnnounced(request)) return `${subject}, from scale and mean`;
  const where = request.scope === "tensor" ? " per tensor" : "";
  const source = {
    sent: () => `sent (${counted(tensors.map((count) => numbersOf(request, count)))})`,
    estimated: () => "estimated from r",
    genie: () => "genie (true and free)",
  }[request.source]();
  return `${subject}${where}, ${source}`;
}

function counted(numbers: readonly number[]): string {
  const each = [...new Set(numbers)];
  return each.length === 1 && each[0] === 1 ? "1 number" : `${each.join(" or ")} numbers`;
}
