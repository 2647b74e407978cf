/** What every uplink scheme must do, run over the list of schemes. */
import { describe, expect, test } from "vitest";
import type { Aggregate, Uplink } from "../../../src/federated/uplink.js";
import { uplinks } from "../../../src/federated/uplinks/index.js";
import { gaussianUpdates, meanSquareOf, openUplink, roundOf, sessionOf, sumOf } from "./sending.js";

/** Parameters to open each scheme with; a scheme without an entry here fails the suite. */
const examples: Record<string, object[]> = {
  "a-dsgd": [
    { deviceSnrDb: 9, projection: "hadamard", iterations: 5 },
    { deviceSnrDb: 9, blockValues: 64, iterations: 2, output: "unbiased" },
  ],
  cotaf: [
    { deviceSnrDb: 9, norm: "previous" },
    { deviceSnrDb: 9, fading: { minGain: 0.5 } },
  ],
  digital: [
    { deviceSnrDb: 12 },
    { deviceSnrDb: 12, rateBits: 3, fading: { kFactorDb: 3 }, slotPower: "concentrated" },
  ],
  ideal: [{}],
  ncair: [{ deviceSnrDb: 9 }, { deviceSnrDb: 9, subcarriers: 16 }],
  oac: [{ snrDb: 9 }, { deviceSnrDb: 9 }],
  "oac-fading": [
    { snrDb: 9, threshold: 0.3 },
    { deviceSnrDb: 9, threshold: 0.3, subcarriers: 16, kFactorDb: 2 },
    { deviceSnrDb: 9, threshold: 0.3, subcarriers: 16, channelErrorVariance: 0.1 },
  ],
  "oac-misaligned": [
    { snrDb: 9, estimator: "aligned-sample", maxDelay: 0.7, maxPhaseRad: 0.5 },
    { deviceSnrDb: 9, maxDelay: 0.7, maxPhaseRad: 0.5, gainDeviationDb: 1 },
    { snrDb: 9, estimator: "sp-ml", maxDelay: 0.7, maxPhaseRad: 0.5, packetSymbols: 100 },
    { snrDb: 9, estimator: "lmmse", maxDelay: 0.7, maxPhaseRad: 3, packetSymbols: 100 },
  ],
  obda: [
    { deviceSnrDb: 9, stepSize: 0.1 },
    { snrDb: 9, stepSize: 0.1, fading: { threshold: 0.3, subcarriers: 16 } },
  ],
};

/** Parameters without noise worth the name, with which r is the sum. */
const noiseless: Record<string, object[]> = {
  cotaf: [{ deviceSnrDb: 160 }, { deviceSnrDb: 160, fading: { minGain: 1e-3 } }],
  digital: [{ deviceSnrDb: 160, airtime: 20 }],
  ideal: [{}],
  oac: [{ snrDb: 160 }, { deviceSnrDb: 160 }],
  "oac-fading": [{ deviceSnrDb: 160, threshold: 1e-6, subcarriers: 16 }],
  "oac-misaligned": ["ml", "sp-ml", "lmmse"].map((estimator) => {
    return { snrDb: 160, estimator, maxDelay: 0.7, maxPhaseRad: 1, packetSymbols: 100 };
  }),
};

const size = 2501; // odd
const devices = 3;
const updates = gaussianUpdates(devices, size);

interface Seen {
  readonly r: Float32Array | undefined;
  readonly variance: number | Float32Array | undefined;
  readonly aggregate: Aggregate;
}

/** Rounds one after the other; what they give is copied, since it is valid until the next one only. */
function run(
  scheme: Uplink,
  params: object,
  rounds: readonly number[],
  memory?: ReadonlyMap<string, Float32Array>,
) {
  const link = openUplink(scheme, params, sessionOf(size, devices), memory);
  const seen = rounds.map((round): Seen => {
    const aggregate = link.send(updates, roundOf(7, devices, round));
    const { observation } = aggregate;
    const noise = observation?.noiseVariance;
    return {
      aggregate,
      r: observation?.r.slice(),
      variance: typeof noise === "object" ? noise.slice() : noise,
    };
  });
  return { link, seen };
}

function same(a: Float32Array | undefined, b: Float32Array | undefined): boolean {
  return a?.length === b?.length && (a ?? []).every((v: number, i: number) => v === b![i]);
}

const cases = (uplinks as readonly unknown[] as readonly Uplink[]).flatMap((scheme) =>
  (examples[scheme.name] ?? [undefined]).map(
    (params) => [scheme.name, JSON.stringify(params), scheme, params!] as const,
  ),
);

describe.each(cases)("%s %s", (_name, _text, scheme, params) => {
  test("same seed, same output; other rounds, other noise; the updates are untouched", () => {
    const before = updates.map((update) => update.slice());
    const a = run(scheme, params, [0, 1, 2]).seen;
    const b = run(scheme, params, [0, 1, 2]).seen;
    a.forEach((round, i) => {
      expect(same(round.r, b[i].r)).toBe(true);
      expect(round.aggregate.energy).toEqual(b[i].aggregate.energy);
      expect(round.aggregate.heard).toEqual(b[i].aggregate.heard);
    });
    if (scheme.name !== "ideal") expect(same(a[0].r, a[1].r)).toBe(false);
    updates.forEach((update, k) => {
      expect(same(update, before[k])).toBe(true);
    });
  });

  test("memory goes through a checkpoint: a resumed run gives what an uninterrupted one does", () => {
    const whole = run(scheme, params, [0, 1, 2, 3]).seen;
    const { link } = run(scheme, params, [0, 1]);
    const saved = new Map([...(link.memory ?? [])].map(([name, v]) => [name, v.slice()]));
    const resumed = run(scheme, params, [2, 3], saved).seen;
    expect(same(resumed[0].r, whole[2].r)).toBe(true);
    expect(same(resumed[1].r, whole[3].r)).toBe(true);
  });

  test("r is finite, with a variance for each component or for all; infinite ones have r = 0", () => {
    for (const { r, variance } of run(scheme, params, [0, 1, 2, 3]).seen) {
      if (r === undefined) continue;
      expect(r).toHaveLength(size);
      if (typeof variance === "object") expect(variance).toHaveLength(size);
      const at = (i: number) => (typeof variance === "object" ? variance[i] : variance!);
      expect(r.every((v, i) => Number.isFinite(v) && at(i) >= 0)).toBe(true);
      expect(r.every((v, i) => at(i) < Infinity || v === 0)).toBe(true);
    }
  });

  test("those heard are among the active; one energy for each active device; whole symbols", () => {
    const link = openUplink(scheme, params, sessionOf(size, 9));
    const active = [8, 2, 5];
    const aggregate = link.send(updates, { ...roundOf(7, 3), active });
    expect(active).toEqual(expect.arrayContaining([...aggregate.heard]));
    expect(aggregate.energy).toHaveLength(3);
    expect(Number.isInteger(aggregate.symbols)).toBe(true);
    expect(aggregate.observation === undefined).toBe(aggregate.heard.length === 0);
  });

  test("one device, and none: a lost round is no error", () => {
    const link = openUplink(scheme, params, sessionOf(size, devices));
    const alone = link.send(updates.slice(0, 1), roundOf(7, 1));
    expect(alone.energy).toHaveLength(1);
    const lost = link.send([], roundOf(7, 0, 1));
    expect(lost.observation).toBeUndefined();
    expect(lost.heard).toEqual([]);
    expect(lost.energy).toEqual([]);
  });

  test("parameters are strict", () => {
    const { error } = scheme.params.safeParse({ ...params, unknown: 7 });
    expect(error?.issues[0].code).toBe("unrecognized_keys");
  });

  if ("deviceSnrDb" in params) {
    test("no device spends more than P per component in the mean over rounds", () => {
      const link = openUplink(scheme, params, sessionOf(size, devices));
      const rounds = 300;
      const mean = [0, 0, 0];
      for (let round = 0; round < rounds; round++) {
        const { energy } = link.send(updates, roundOf(7, devices, round));
        for (let k = 0; k < devices; k++) mean[k] += energy[k] / size / rounds;
      }
      // Truncated inversion meets P in the mean over the gains; 1/|h|² down to 0.3 spreads by less than its mean.
      for (const power of mean) expect(power).toBeLessThan(1 + 5 / Math.sqrt(rounds));
    });
  }

  if ("snrDb" in scheme.params.shape) {
    test("exactly one noise level is given", () => {
      const both = { ...params, snrDb: 3, deviceSnrDb: 3 };
      expect(scheme.params.safeParse(both).error?.issues[0].message).toBe(
        "takes one of snrDb and deviceSnrDb, not both",
      );
      const { snrDb: _, deviceSnrDb: __, ...none } = both;
      expect(scheme.params.safeParse(none).error?.issues[0].message).toBe(
        "needs snrDb or deviceSnrDb (or a sweep over one of them)",
      );
    });
  }
});

const noiselessCases = (uplinks as readonly unknown[] as readonly Uplink[]).flatMap((scheme) =>
  (noiseless[scheme.name] ?? []).map((params) => [scheme.name, params, scheme] as const),
);

test.each(noiselessCases)("%s %o: without noise r is the sum", (_name, params, scheme) => {
  const link = openUplink(scheme, params, sessionOf(size, devices));
  const { observation, divisor } = link.send(updates, roundOf(7, devices));
  const sum = sumOf(updates);
  const error = sum.map((v, i) => observation!.r[i] - v);
  // Float32 adds up three numbers, and the quantizer of digital ends at 2^24 levels of the norm.
  expect(Math.sqrt(meanSquareOf(error) / meanSquareOf(sum))).toBeLessThan(1e-5);
  expect(divisor).toBe(devices);
});
