import { describe, expect, test } from "vitest";
import { blockFading } from "../../channels/block-fading.js";
import type { Channel } from "../../src/channel.js";
import { RandomSource } from "../../src/kernel/index.js";
import { integrate, meanOf, ricianPowerDensity } from "../fading/laws.js";
import { assertWithin } from "../within.js";
import { contextOf, receptionInto } from "./sending.js";
import { calibrate } from "./stated-variance.js";

const channel = blockFading as unknown as Channel;
const power = 1.7;

function open(params: object, components: number, complex: boolean, seed = 1) {
  return channel.open(
    channel.params.parse(params) as never,
    contextOf({ components, signal: { meanSquare: power, variance: 0.8 * power }, complex, seed }),
  );
}

/** Gaussian components of mean square `power`, and what arrives of them. */
function send(params: object, components: number, complex: boolean, seed = 1) {
  const x = new Float32Array(components);
  new RandomSource(5).stream("x").fillNormal(x, Math.sqrt(power));
  const link = open(params, components, complex, seed);
  const reception = receptionInto(new Float32Array(components));
  reception.energy = x.reduce((sum, v) => sum + v * v, 0);
  link.transmit(x, 0, reception, 0);
  return { x, reception, link, sentEnergy: x.reduce((sum, v) => sum + v * v, 0) };
}

const mappings = [
  ["real", false],
  ["iq", true],
] as const;

describe.each(mappings)("%s mapping", (_, complex) => {
  const pilots = (more: object) => ({ name: "pilots", spacing: 6, ...more });
  describe.each([
    ["perfect", { knowledge: "perfect" }],
    ["ls", { knowledge: pilots({ estimator: "ls" }) }],
    ["ls, boosted", { knowledge: pilots({ estimator: "ls", boostDb: 4 }) }],
    ["lmmse", { knowledge: pilots({ estimator: "lmmse" }) }],
  ])("knowledge %s", (_name, knowledge) => {
    test.each(["zf", "mmse"])("%s: the stated variance is that of the errors", (equalizer) => {
      const params = { snrDb: 3, coherenceS: 3.4e-5, equalizer, ...knowledge };
      const ratio = meanOf(calibrate(channel, params, complex).ratios);
      assertWithin(ratio.value, 1, ratio.se);
      expect(ratio.se).toBeLessThan(0.02);
    });
  });

  test.each([undefined, 2])("knowledge none, kFactorDb %s: E|h − 1|² is noise", (kFactorDb) => {
    const params = { snrDb: 8, coherenceS: 2e-6, kFactorDb, knowledge: "none" };
    const { errors, stated } = calibrate(channel, params, complex);
    const k = kFactorDb === undefined ? 0 : 10 ** (kFactorDb / 10);
    const mean = Math.sqrt(k / (k + 1));
    const miss = complex ? 2 - 2 * mean : (mean - 1) ** 2 + 0.5 / (k + 1);
    const theory = power * (miss + 10 ** -0.8);
    const error = meanOf(errors);
    assertWithin(error.value, theory, error.se);
    expect(stated[0]).toBeCloseTo(theory, 6);
  });

  // Closed form of the MMSE over Rayleigh fading at SNR γ: (1/γ) e^(1/γ) E1(1/γ).
  test.each([
    [-10, 0.91563],
    [5, 0.37613],
    [15, 0.09491],
  ])("mmse at %s dB: the mean square error is %s of the power", (snrDb, theory) => {
    const params = { snrDb, coherenceS: 2e-6, equalizer: "mmse" };
    const { errors, stated } = calibrate(channel, params, complex);
    const error = meanOf(errors);
    assertWithin(error.value, theory * power, error.se);
    const said = meanOf(stated);
    assertWithin(said.value, theory * power, said.se);
  });

  test("zf with known gains: the stated variance is σ²/|h|², whose inverse has mean 1/σ²", () => {
    const { reception } = send({ wnrDb: 6, coherenceS: 1e-6 }, 2 ** 17, complex);
    const variances = reception.noiseVariance as Float32Array;
    const sigma2 = (0.8 * power) / 10 ** 0.6;
    const gains = meanOf(Float64Array.from(variances, (v) => sigma2 / v));
    assertWithin(gains.value, 1, gains.se * Math.sqrt(2)); // I and Q share theirs
  });

  test("a strong line of sight with known gains is awgn", () => {
    const { x, reception } = send({ snrDb: 6, coherenceS: 1e-5, kFactorDb: 60 }, 2 ** 15, complex);
    const theory = power / 10 ** 0.6;
    const error = meanOf(Float64Array.from(reception.y, (v, k) => (v - x[k]) ** 2));
    assertWithin(error.value, theory, error.se);
    const stated = meanOf(reception.noiseVariance as Float32Array);
    assertWithin(stated.value, theory, 0.001 * theory);
  });

  test("the noise of a pilot is N0 over its energy, Es boosted", () => {
    // One pilot and one symbol to a block, and a gain that is 1: a symbol that drowns its own noise shows 1/ĥ.
    const knowledge = { name: "pilots", spacing: 2, boostDb: 4 };
    const params = { snrDb: 30, coherenceS: 2e-6, kFactorDb: 60, knowledge };
    const components = 20_000;
    const x = new Float32Array(components).map((_, k) => (complex && k % 2 === 1 ? 0 : 1000));
    const reception = receptionInto(new Float32Array(components));
    open(params, components, complex).transmit(x, 0, reception, 0);
    const { y } = reception;
    const pilot = complex
      ? Float64Array.from({ length: components / 2 }, (_, k) => {
          return (y[2 * k] / 1000 - 1) ** 2 + (y[2 * k + 1] / 1000) ** 2;
        })
      : Float64Array.from(y, (v) => (v / 1000 - 1) ** 2);
    // N0/Es is 1/γ for complex symbols; for real ones it is 2/γ, of which the real part shows half.
    const theory = 1e-3 / 10 ** 0.4;
    const measured = meanOf(pilot);
    assertWithin(measured.value, theory, measured.se + 1e-3 * theory); // 3 v, and |h| at 60 dB
  });

  test("pilots: energy and time on the air are counted", () => {
    const boostDb = 4;
    const params = {
      snrDb: 9,
      coherenceS: 1e-3,
      knowledge: { name: "pilots", spacing: 6, boostDb },
    };
    const { reception, link, sentEnergy } = send(params, 1000, complex);
    const symbols = complex ? 500 : 1000;
    const count = symbols / 5;
    expect(link.durationS?.(symbols)).toBeCloseTo((symbols + count) * 1e-6, 15);
    const es = complex ? 2 * power : power;
    expect(reception.energy / (sentEnergy + count * es * 10 ** 0.4)).toBeCloseTo(1, 6);
  });

  test("symbols of blocks without a pilot are erased", () => {
    const params = { snrDb: 9, coherenceS: 1e-5, knowledge: { name: "pilots", spacing: 30 } };
    const { reception } = send(params, complex ? 116 : 58, complex); // 58 symbols and 2 pilots
    const { y, variances } = reception;
    const perSymbol = complex ? 2 : 1;
    // Pilots at 0 and 30: blocks 0 and 3 of 0 .. 5, each of 10 symbols.
    const lost = 58 - 9 - 9;
    expect(reception.erased).toBe(lost * perSymbol);
    expect(variances.filter((v) => v === Infinity)).toHaveLength(lost * perSymbol);
    variances.forEach((v, k) => {
      if (v === Infinity) expect(y[k]).toBe(0);
    });
  });
});

describe.each(mappings)("inversion, %s mapping", (_, complex) => {
  const components = 2 ** 17;
  const symbols = complex ? components / 2 : components;

  test("plain: what arrives is awgn; the energy is Σ |x|²/|h|²", () => {
    const params = { snrDb: 7, coherenceS: 1e-6, inversion: "plain" };
    const { x, reception, sentEnergy } = send(params, components, complex);
    const theory = power / 10 ** 0.7;
    expect(reception.noiseVariance).toBeCloseTo(theory, 10);
    const error = meanOf(Float64Array.from(reception.y, (v, k) => (v - x[k]) ** 2));
    assertWithin(error.value, theory, error.se);
    // The receiver that knows the gains tells them: σ²/|h|² is what it states.
    const known = send({ snrDb: 7, coherenceS: 1e-6 }, components, complex).reception.variances;
    const energy = x.reduce((sum, v, k) => sum + (v * v * known[k]) / theory, 0);
    expect(reception.energy / energy).toBeCloseTo(1, 4);
    expect(reception.energy).toBeGreaterThan(2 * sentEnergy); // its mean is infinite
  });

  test.each([
    [undefined, 0.2231, 0.8, 1.13398],
    [undefined, 0.5108, 0.6, 0.5469],
    [4, 0.3, Number.NaN, Number.NaN],
  ])(
    "truncated, kFactorDb %s, threshold %s: active share, power and noise",
    (kFactorDb, threshold, share, e1) => {
      const params = {
        snrDb: 7,
        coherenceS: 1e-6,
        kFactorDb,
        inversion: { name: "truncated", threshold },
      };
      const { x, reception, sentEnergy } = send(params, components, complex);
      const density = (u: number) => ricianPowerDensity(u, 10 ** (kFactorDb! / 10));
      const active = kFactorDb === undefined ? share : integrate(density, threshold, 12);
      const inverse =
        kFactorDb === undefined ? e1 : integrate((u) => density(u) / u, threshold, 12);

      const silent = reception.erased / components;
      assertWithin(1 - silent, active, Math.sqrt((active * (1 - active)) / symbols) + 1e-5);
      // Mean transmit power is unchanged. Per symbol it is |x|² ρ/|h|² ≤ ρ/g |x|².
      const spread = Math.sqrt(3 / (inverse * threshold) / symbols);
      assertWithin(reception.energy / sentEnergy, 1, spread);
      // What arrives of the rest is awgn at SNR ρ γ.
      const theory = (power / 10 ** 0.7) * inverse;
      const variances = reception.noiseVariance as Float32Array;
      const errors: number[] = [];
      reception.y.forEach((v, k) => {
        if (variances[k] !== Infinity) errors.push((v - x[k]) ** 2);
      });
      expect(errors).toHaveLength(components - reception.erased);
      const stated = variances.filter((v) => v !== Infinity);
      expect(stated.every((v) => Math.abs(v / theory - 1) < 2e-4)).toBe(true);
      expect(reception.y.every((v, k) => variances[k] < Infinity || v === 0)).toBe(true);
      const error = meanOf(errors);
      assertWithin(error.value, theory, error.se);
    },
  );
});

test("a packet that comes later meets the gains of its time", () => {
  const params = { snrDb: 300, coherenceS: 1e-4, knowledge: "none" };
  const gainAt = (...timesS: number[]) => {
    const link = open(params, 2, true);
    const reception = receptionInto(new Float32Array(2));
    for (const timeS of timesS) link.transmit(Float32Array.of(1, 0), timeS, reception, 0);
    return [...reception.y];
  };
  expect(gainAt(0, 0.00005)).toEqual(gainAt(0));
  expect(gainAt(0, 0.00015)).toEqual(gainAt(0.0001));
  expect(gainAt(0, 0.00015)).not.toEqual(gainAt(0));
});

describe("parameters", () => {
  const problem = (params: object) => {
    const issue = blockFading.params.safeParse({ snrDb: 6, coherenceS: 1e-3, ...params }).error
      ?.issues[0];
    return issue && `${issue.path.join(".")}: ${issue.message}`;
  };

  test.each([
    [{ coherenceS: 0 }, /^coherenceS: .*>0/],
    [{ coherenceS: -1e-3 }, /^coherenceS: .*>0/],
    [{ coherenceS: Number.NaN }, /^coherenceS: must be a finite number \[s\]/],
    [{ coherenceS: Infinity }, /^coherenceS: must be a finite number \[s\]/],
    [{ kFactorDb: "strong" }, /^kFactorDb: must be a finite number \[dB\]/],
    [{ kFactorDb: 61 }, /^kFactorDb: .*<=60/],
    [{ knowledge: { name: "pilots" } }, /^knowledge.spacing: is missing: pilots need it/],
    [{ equalizer: "dfe" }, /^equalizer: /],
    [{ inversion: "plain", equalizer: "mmse" }, /^inversion: plain leaves nothing to equalize/],
    [{ inversion: "plain", knowledge: "none" }, /^inversion: plain leaves nothing to equalize/],
    [{ knowledge: "none", equalizer: "mmse" }, /^equalizer: mmse needs a gain/],
    [{ snrDb: undefined }, /needs snrDb/],
  ])("%o is refused", (params, message) => {
    expect(problem(params)).toMatch(message);
  });

  test("a part may be given by its name", () => {
    const parsed = blockFading.params.parse({ snrDb: 6, coherenceS: "1 ms", knowledge: "none" });
    expect(parsed.knowledge.name).toBe("none");
    expect(parsed.inversion.name).toBe("none");
    expect(parsed.coherenceS).toBe(1e-3);
  });

  test("a block shorter than a symbol is refused when the channel is opened", () => {
    expect(() => open({ snrDb: 6, coherenceS: 9.9e-7 }, 8, true)).toThrow(
      "block-fading: channel.coherenceS must be at least one symbol, " +
        "1 / transmitter.symbolRateHz = 0.000001 s, got 9.9e-7 s",
    );
  });

  test("weights that are all zero arrive as they are", () => {
    for (const equalizer of ["zf", "mmse"]) {
      for (const knowledge of ["perfect", { name: "pilots", spacing: 4 }]) {
        const signal = { meanSquare: 0, variance: 0 };
        const params = blockFading.params.parse({
          snrDb: 6,
          coherenceS: 1e-3,
          equalizer,
          knowledge,
        });
        const link = blockFading.open(params, contextOf({ components: 8, signal, complex: true }));
        const reception = receptionInto(new Float32Array(8));
        link.transmit(new Float32Array(8), 0, reception, 0);
        for (const v of [...reception.y, ...reception.variances]) expect(Math.abs(v)).toBe(0);
      }
    }
  });
});
