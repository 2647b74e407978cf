import { describe, expect, test } from "vitest";
import { assertWithin } from "../../within.js";
import { errorOf, layout, sendCoded, sizes, threeTensors } from "./sending-coded.js";

const power = (weights: Float32Array, tensor: number) => {
  const { offset, size } = layout.entries[tensor]!;
  return weights.subarray(offset, offset + size).reduce((sum, w) => sum + w * w, 0) / size;
};
const tensors = [0, 1, 2];
const allocation = (by: string) => [{ name: "power-allocation", by }];

describe.each(["equal", "variance"])("by %s", (by) => {
  const sent = sendCoded(allocation(by));

  test("the stated noise variance is that of the error, in every tensor", () => {
    for (const t of tensors) {
      const { measured, stated } = errorOf(sent, t);
      assertWithin(measured, stated, stated * Math.sqrt(2 / sizes[t]!));
    }
  });

  test("energy is that of a transmission without allocation, but for one number per tensor", () => {
    const plain = sendCoded([]);
    expect(sent.energy).toBeCloseTo(plain.energy + 3 * 32, 0);
    expect(sent.airtimeS).toBeCloseTo(plain.airtimeS + (3 * 32) / 1e6, 9);
    expect(sent.sideBits).toBe(96);
    expect(plain.sideBits).toBe(0);
  });
});

test("equal: every tensor meets the SNR of the channel", () => {
  const sent = sendCoded(allocation("equal"), { snrDb: 7 });
  for (const t of tensors) {
    const { stated } = errorOf(sent, t);
    expect(10 * Math.log10(power(sent.weights, t) / stated)).toBeCloseTo(7, 4);
  }
});

test("variance: the least total error, (Σ n_t √E_t)² σ² / P", () => {
  const { weights, ...sent } = sendCoded(allocation("variance"), { snrDb: 7 });
  const total = tensors.reduce(
    (sum, t) => sum + sizes[t]! * errorOf({ weights, ...sent }, t).stated,
    0,
  );
  // With x of mean square 1, σ² = 10^-0.7 and P = Σ n_t.
  const roots = tensors.reduce((sum, t) => sum + sizes[t]! * Math.sqrt(power(weights, t)), 0);
  const theory = (roots ** 2 * 10 ** -0.7) / layout.size;
  expect(total / theory).toBeCloseTo(1, 5);
  for (const by of ["equal"]) {
    const other = sendCoded(allocation(by), { snrDb: 7 });
    const worse = tensors.reduce((sum, t) => sum + sizes[t]! * errorOf(other, t).stated, 0);
    expect(worse).toBeGreaterThan(1.05 * total);
  }
});

test("sensitivity: the least growth of the loss, (Σ n_t √(s_t E_t))² σ² / P; none gets nothing", () => {
  const sensitivities = new Map([
    ["tensor0", 3],
    ["tensor1", 700],
    ["tensor2", -5],
  ]);
  const { weights, ...sent } = sendCoded(allocation("sensitivity"), { sensitivities, snrDb: 7 });
  const s = [7, 700, 7]; // what is below a hundredth of the largest is raised to it
  const growth = tensors.reduce(
    (sum, t) => sum + s[t]! * sizes[t]! * errorOf({ weights, ...sent }, t).stated,
    0,
  );
  const roots = tensors.reduce(
    (sum, t) => sum + sizes[t]! * Math.sqrt(s[t]! * power(weights, t)),
    0,
  );
  expect(growth / ((roots ** 2 * 10 ** -0.7) / layout.size)).toBeCloseTo(1, 5);
});

test("a tensor of zeros stays what it is", () => {
  const weights = threeTensors();
  weights.fill(0, layout.entries[1]!.offset, layout.entries[2]!.offset);
  const sent = sendCoded(allocation("equal"), { weights, snrDb: 60 });
  const { measured, stated } = errorOf(sent, 1);
  expect(stated).toBeGreaterThan(0);
  assertWithin(measured, stated, stated * Math.sqrt(2 / sizes[1]!));
});

test("what is lost keeps infinite variance, and the mean of the weights", async () => {
  const { erasure } = await import("../../../channels/erasure.js");
  const sent = sendCoded(allocation("equal"), {
    channel: erasure as never,
    channelParams: { lossRate: 0.3 },
  });
  const variances = sent.observation.noiseVariance as Float32Array;
  const lost = [...variances.keys()].filter((k) => variances[k] === Infinity);
  expect(lost.length).toBeGreaterThan(1000);
  const mean = sent.weights.reduce((a, b) => a + b, 0) / sent.weights.length;
  expect(lost.every((k) => Math.abs(sent.r[k]! - mean) < 1e-6)).toBe(true);
});
