import { describe, expect, test } from "vitest";
import { equalizer } from "../../src/fading/equalizer.js";
import { RandomSource } from "../../src/kernel/index.js";
import { receptionInto } from "../channels/sending.js";
import { assertWithin } from "../within.js";
import { meanOf } from "./laws.js";

const symbols = 100_000;
const power = 1.7;
const noiseVariance = 0.6;
const s = 0.23; // of the gain, given its estimate
const c = [0.8, -0.3];

describe.each([
  ["real", false],
  ["iq", true],
] as const)("%s mapping, h = cĥ + e with complex c", (_, complex) => {
  const components = complex ? 2 * symbols : symbols;
  const random = new RandomSource(1).stream("equalizer");
  const normal = (count: number, variance: number) => {
    const values = new Float32Array(count);
    random.fillNormal(values, Math.sqrt(variance));
    return values;
  };

  /** Everything by the model's definition. */
  function run(name: "zf" | "mmse") {
    const h = normal(2 * symbols, 0.4).map((v, k) => v + 1.5 - 2 * (k % 2)); // away from 0
    const e = normal(2 * symbols, s / 2);
    const n = normal(2 * symbols, noiseVariance);
    const x = normal(components, power);
    const received = new Float32Array(2 * symbols);
    for (let k = 0; k < symbols; k++) {
      const gainRe = c[0] * h[2 * k] - c[1] * h[2 * k + 1] + e[2 * k];
      const gainIm = c[0] * h[2 * k + 1] + c[1] * h[2 * k] + e[2 * k + 1];
      const [re, im] = complex ? [x[2 * k], x[2 * k + 1]] : [x[k], 0];
      received[2 * k] = gainRe * re - gainIm * im + n[2 * k];
      received[2 * k + 1] = gainRe * im + gainIm * re + n[2 * k + 1];
    }
    const reception = receptionInto(new Float32Array(components));
    const gain = {
      h,
      c: Float32Array.from({ length: 2 * symbols }, (_, k) => c[k % 2]),
      s: new Float32Array(symbols).fill(s),
    };
    equalizer(name, { noiseVariance, power, complex })(received, gain, reception);
    const variances = reception.noiseVariance as Float32Array;
    const ratios = Float64Array.from(reception.y, (y, k) => (y - x[k]) ** 2 / variances[k]);
    return { x, y: reception.y, ratio: meanOf(ratios), reception };
  }

  test.each(["zf", "mmse"] as const)("%s: error² over stated variance is 1", (name) => {
    const { ratio } = run(name);
    assertWithin(ratio.value, 1, ratio.se * (complex ? Math.SQRT2 : 1)); // I and Q share a gain
  });

  test("mmse: the error is uncorrelated with the estimate", () => {
    const { x, y } = run("mmse");
    const product = meanOf(Float64Array.from(y, (v, k) => (x[k] - v) * v));
    assertWithin(product.value, 0, product.se * (complex ? Math.SQRT2 : 1));
  });

  test("a gain of which nothing is known, or that is 0, erases its symbol", () => {
    for (const name of ["zf", "mmse"] as const) {
      const reception = receptionInto(new Float32Array(complex ? 6 : 3).fill(7));
      const received = Float32Array.of(1, 2, 3, 4, 5, 6);
      const gain = {
        h: Float32Array.of(1, 1, 0, 0, 1, 1),
        c: Float32Array.of(1, 0, 1, 0, 1, 0),
        s: Float32Array.of(0.1, name === "zf" ? 0.1 : Infinity, 0.1),
      };
      equalizer(name, { noiseVariance, power, complex })(received, gain, reception);
      const lost = complex ? [2, 3] : [1];
      expect(reception.erased).toBe(lost.length);
      reception.y.forEach((v, k) => {
        expect(v === 0).toBe(lost.includes(k));
        expect(reception.variances[k] === Infinity).toBe(lost.includes(k));
      });
    }
  });
});
