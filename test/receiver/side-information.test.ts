import { describe, expect, test } from "vitest";
import { RandomSource } from "../../src/kernel/index.js";
import { estimators } from "../../src/receiver/index.js";
import { momentsOf } from "../../src/receiver/moments.js";
import { partsOf } from "../../src/receiver/prior.js";
import { numbersSent, toldInWords } from "../../src/receiver/side-information.js";
import { estimatorOf, pointShape } from "../../src/scenario/schema.js";
import { checkGroups, knownOf } from "../../src/study/known.js";
import { weightStatistics } from "../../src/transmitter/transmitter.js";
import { assertWithin } from "../within.js";

/** A receiver as a scenario gives it, with its estimator. */
function receiver(entry: unknown) {
  const [params] = pointShape.receivers.parse([entry]) as [Record<string, unknown>];
  return { params, estimator: estimatorOf(params) };
}

const sizes = [40_000, 500, 60_000];
const spreads = [0.3, 2, 0.05];
const size = sizes.reduce((a, b) => a + b);
const weights = new Float32Array(size);
const entries = sizes.map((entrySize, i) => {
  const offset = sizes.slice(0, i).reduce((a, b) => a + b, 0);
  const part = weights.subarray(offset, offset + entrySize);
  new RandomSource(2).stream(`tensor ${i}`).fillNormal(part, spreads[i], 0.1 * i);
  return { name: `${i}`, shape: [entrySize], size: entrySize, role: "weight" as const, offset };
});
const network = {
  weights,
  statistics: weightStatistics(weights),
  layout: { entries, size },
};
const noiseVariance = 0.04;
const noise = new Float32Array(size);
new RandomSource(2).stream("noise").fillNormal(noise, Math.sqrt(noiseVariance));
const received = { r: weights.map((w, k) => w + noise[k]), noiseVariance };

function known(entry: unknown, observation: Parameters<typeof knownOf>[3] = received) {
  const { params, estimator } = receiver(entry);
  return knownOf(estimator, params, network, observation);
}

describe("words and numbers of what a receiver is told, for 3 tensors", () => {
  test.each([
    ["ml", [], 0],
    ["mmse", ["noise variance", "prior moments, from scale and mean"], 0],
    [
      { name: "mmse", scope: "tensor" },
      ["noise variance", "prior moments per tensor, sent (6 numbers)"],
      6,
    ],
    [
      { name: "mmse-pb", prior: "estimated" },
      ["noise variance", "prior moments, estimated from r"],
      0,
    ],
    [
      { name: "mmse-laplace", prior: "genie", scope: "tensor" },
      ["noise variance", "prior moments per tensor, genie (true and free)"],
      0,
    ],
    [
      { name: "mmse-mixture", components: 4 },
      ["noise variance", "prior mixture of 4 Gaussians, sent (11 numbers)"],
      11,
    ],
    ["mmse-erasure", ["noise variance", "prior means per tensor, sent (3 numbers)"], 3],
    [
      { name: "mmse-erasure", scope: "global" },
      ["noise variance", "prior means, from scale and mean"],
      0,
    ],
    ["james-stein", ["noise variance"], 0],
    ["svd-shrinkage", ["noise variance"], 0],
    [
      "quantized-posterior",
      ["noise variance", "prior moments per tensor, sent (6 numbers)", "converter's cells"],
      6,
    ],
  ])("%j", (entry, words, numbers) => {
    const { params, estimator } = receiver(entry);
    expect(toldInWords(estimator, params, [3])).toEqual(words);
    expect(numbersSent(estimator, params, 3)).toBe(numbers);
  });

  test("networks of different size in one study", () => {
    const { params, estimator } = receiver({ name: "mmse", scope: "tensor" });
    expect(toldInWords(estimator, params, [3, 21, 3])[1]).toBe(
      "prior moments per tensor, sent (6 or 42 numbers)",
    );
  });
});

test("nothing but what is declared reaches an estimator", () => {
  for (const { name, needs } of estimators) {
    expect(Object.keys(known(name).known)).toEqual([...needs]);
  }
});

test("a note says where there are no cells and the estimate is that of mmse", () => {
  const cells = { step: 0.1, count: 16, noiseVariance: 0.03, rescale: 1 };
  const told = known("quantized-posterior", { ...received, cells });
  expect(told.known.cells).toEqual(cells);
  expect(told.notes).toEqual([]);
  expect(known("quantized-posterior").notes).toEqual([
    "r does not lie in the cells of one converter (the channel has none, or is a chain, or a code came between): the Gaussian posterior mean of r in its place",
  ]);
  expect(known("mmse").notes).toEqual([]);
});

test("sent and genie are the moments of the weights, of all or of each tensor", () => {
  for (const prior of ["sent", "genie"]) {
    const { mean, variance } = known({ name: "mmse", prior }).known.prior;
    expect({ mean, variance }).toEqual({
      mean: network.statistics.mean,
      variance: network.statistics.variance,
    });
    const parts = partsOf(known({ name: "mmse", prior, scope: "tensor" }).known.prior, size);
    expect(parts.map(({ from, to }) => to - from)).toEqual(sizes);
    for (const [i, part] of parts.entries()) {
      const se = spreads[i] / Math.sqrt(sizes[i]);
      assertWithin(part.mean, 0.1 * i, se);
      assertWithin(part.variance, spreads[i] ** 2, spreads[i] ** 2 * Math.sqrt(2 / sizes[i]));
    }
  }
});

test("estimated moments are those of r, less the noise", () => {
  const { prior } = known({ name: "mmse", prior: "estimated" }).known;
  const ofR = momentsOf(received.r);
  expect(prior.mean).toBe(ofR.mean);
  expect(prior.variance).toBe(ofR.variance - noiseVariance);
  const parts = partsOf(
    known({ name: "mmse", prior: "estimated", scope: "tensor" }).known.prior,
    0,
  );
  for (const [i, { from, to, variance }] of parts.entries()) {
    const truth = momentsOf(weights, from, to).variance;
    const total = spreads[i] ** 2 + noiseVariance;
    assertWithin(variance, truth, total * Math.sqrt(2 / sizes[i]));
  }
});

describe("mixtures", () => {
  test.each(["sent", "estimated"])(
    "%s: every part has one, with the moments of the part",
    (prior) => {
      const { prior: found } = known({ name: "mmse-mixture", prior, components: 2 }).known;
      const [part] = partsOf(found, size);
      const { shares, means, variances } = part.mixture!;
      const mean = shares.reduce((sum, p, j) => sum + p * means[j], 0);
      const second = shares.reduce((sum, p, j) => sum + p * (variances[j] + means[j] ** 2), 0);
      // The fit looks at 16,384 of the weights; fourth moments of this mixture are below 12 V².
      const { variance } = network.statistics;
      assertWithin(mean, network.statistics.mean, Math.sqrt((variance + noiseVariance) / 16_384));
      assertWithin(second - mean ** 2, variance, variance * Math.sqrt(12 / 16_384));
    },
  );

  test("that do not converge leave a Gaussian, and a note says so", () => {
    const { known: told, notes } = known({ name: "mmse-mixture", iterations: 2 });
    expect(partsOf(told.prior, size)[0].mixture).toBeUndefined();
    expect(notes).toEqual(["a Gaussian instead of 3: not converged after 2 iterations"]);
    // The second trial says it again; the results hold each note once.
    expect(known({ name: "mmse-mixture", iterations: 2 }).notes).toEqual(notes);
  });

  test("of tensors of which too little arrived leave Gaussians there", () => {
    const lost = new Float32Array(size).fill(noiseVariance);
    lost.fill(Infinity, 40_000 + 20, 40_500);
    const { known: told, notes } = known(
      { name: "mmse-mixture", prior: "estimated", scope: "tensor" },
      { r: received.r, noiseVariance: lost },
    );
    expect(partsOf(told.prior, size)[1].mixture).toBeUndefined();
    expect(notes[0]).toMatch(
      /^a Gaussian instead of 3 for [123] of 3 tensors: .*only 20 weights arrived/,
    );
  });
});

describe("groups of tensors in mmse-pb", () => {
  const entry = {
    name: "mmse-pb",
    lambda: [0.3, 0.9],
    beta: 0.2,
    groups: { ends: { tensors: ["0", "2"], lambda: [0.7, 0.8, 1.02], beta: [-1, 0.5] } },
  };

  test("the grid is the product, and each weight has the setting of its group", () => {
    const { params, estimator } = receiver(entry);
    const settings = estimator.settings(params as never);
    expect(settings).toHaveLength(12);
    const setting = settings[7];
    expect(setting).toEqual({ lambda: 0.9, beta: 0.2, "ends.lambda": 0.7, "ends.beta": 0.5 });
    const told = known(entry).known;
    const out = new Float32Array(size);
    estimator.estimate(received.r, told, setting, out);
    const alone = new Float32Array(size);
    for (const [i, { offset, size: length }] of entries.entries()) {
      const own = i === 1 ? { lambda: 0.9, beta: 0.2 } : { lambda: 0.7, beta: 0.5 };
      estimator.estimate(received.r, known("mmse-pb").known, own, alone);
      const same = (v: number, k: number) => v === alone[offset + k];
      expect(out.subarray(offset, offset + length).every(same)).toBe(true);
    }
    expect(estimator.departure!(setting)).toBeCloseTo(
      Math.hypot(0.1, 0.002, 0.3, 0.005), // λ' − 1 and β / 100 of either
      12,
    );
  });

  test("the pole is that of each group's own λ'", () => {
    const { estimator } = receiver(entry);
    const told = known({ ...entry, scope: "tensor" }).known;
    // Tensor 2 has η = 0.0625 and so its pole at 1.0625; tensor 1, in no group, at 101.
    const valid = (lambda: number, ends: number) =>
      estimator.isValid!(told)({ lambda, beta: 0, "ends.lambda": ends, "ends.beta": 0 });
    expect([valid(50, 1.05), valid(50, 1.08), valid(150, 1.05)]).toEqual([true, false, false]);
  });

  test.each([
    [
      { ends: { tensors: ["0", "linear.*"], lambda: 1 } },
      'receivers.mmse-pb.groups.ends.tensors: no tensor that is sent matches "linear.*"',
    ],
    [
      { ends: { tensors: ["0", "22"], lambda: 1 } },
      'groups.ends.tensors: no tensor that is sent matches "22"; the nearest is "2"',
    ],
    [
      { ends: { tensors: ["0", "2"] }, last: { tensors: ["2"] } },
      'groups.last.tensors must name a tensor that no earlier group has, got ["2"], which all go to "ends"',
    ],
  ])("%j is refused", (groups, message) => {
    const receivers = pointShape.receivers.parse([{ ...entry, groups }]);
    expect(() => checkGroups({ receivers }, network)).toThrow(message);
  });

  test("a tensor that two groups name belongs to the first", () => {
    const groups = { ends: { tensors: ["0"], lambda: 1 }, all: { tensors: ["*"], lambda: 0 } };
    const { params } = receiver({ ...entry, groups });
    expect(() => checkGroups({ receivers: [params as never] }, network)).not.toThrow();
    const parts = known(params).known.prior.parts!;
    expect(parts.map(({ group }) => group)).toEqual(["ends", "all", "all"]);
  });

  test("costs no more side information", () => {
    const { params, estimator } = receiver(entry);
    expect(numbersSent(estimator, params, 3)).toBe(0);
  });
});

describe("presets of mmse-pb", () => {
  const settingsOf = (entry: object) => {
    const { params, estimator } = receiver({ name: "mmse-pb", ...entry });
    return { params, settings: estimator.settings(params as never) };
  };

  test.each([
    // λ' and β of the publication: first, last, number.
    ["paper-fig3", [0.95, 1.06, 12], [-4, 0.4, 23]],
    ["paper-resnet", [0.95, 1.07, 13], [-4, 0.4, 23]],
    ["paper-shufflenet", [0.9, 1.15, 26], [-4, 4, 17]],
    ["paper-bert", [0.02, 1.1, 25], [-30, 50, 34]],
  ])("%s", (preset, lambda, beta) => {
    const { params, settings } = settingsOf({ preset });
    expect(params.choose).toBe("oracle");
    expect(settings).toHaveLength(lambda[2] * beta[2]);
    expect(settings[0]).toEqual({ lambda: lambda[0], beta: beta[0] });
    expect(settings.at(-1)!.lambda).toBeCloseTo(lambda[1], 12);
    expect(settings.at(-1)!.beta).toBeCloseTo(beta[1], 12);
  });

  test("what is given beside a preset wins", () => {
    const { params, settings } = settingsOf({
      preset: "paper-fig3",
      lambda: 1.01,
      choose: "validation",
    });
    expect(params.choose).toBe("validation");
    expect(settings).toHaveLength(23);
    expect(new Set(settings.map((s) => s.lambda))).toEqual(new Set([1.01]));
  });

  test("an unknown preset is refused with the known ones", () => {
    const found = pointShape.receivers.safeParse([{ name: "mmse-pb", preset: "paper-fig4" }]);
    expect(found.error!.message).toContain("paper-fig3");
    expect(found.error!.message).toContain("preset");
  });
});
