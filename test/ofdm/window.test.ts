import FFT from "fft.js";
import { describe, expect, test } from "vitest";
import { subcarriers } from "../../src/ofdm/subcarriers.js";
import { interference, meanInterference, type Timing, windowOf } from "../../src/ofdm/window.js";

const fftSize = 64;
const full = subcarriers(fftSize, fftSize, undefined);
const gains = (a: [number, number], b: [number, number]) => Float64Array.of(...a, ...b);

function window(timing: Omit<Timing, "fftSize">, grid = full, boost = 1) {
  return windowOf({ fftSize, ...timing }, grid, boost, new FFT(fftSize));
}

test("a path within the prefix: the mean gain over the window, and |Δ|²/12 for a straight line", () => {
  const prefix = 16;
  const { alpha, beta, data } = window({ prefix, delays: [3, 16] });
  expect(data).toHaveLength(1);
  // From a = 2 to b = 2 + 1.5j over 80 samples; the window is samples 16 to 79.
  const middle = (16 + 79) / 2 / 80;
  expect(alpha[1]).toBeCloseTo(1 - middle, 12);
  expect(beta[1]).toBeCloseTo(middle, 12);
  const change = 1.5 * (fftSize / 80);
  const theory = (change ** 2 / 12) * (1 - 1 / fftSize ** 2);
  const each = gains([2, 0], [2, 1.5]);
  const still = gains([0, 0], [0, 0]);
  expect(interference(data[0]!, Float64Array.of(...each, ...still))).toBeCloseTo(theory, 12);
  expect(interference(data[0]!, Float64Array.of(...still, ...each))).toBeCloseTo(theory, 12);
  const constant = Float64Array.of(...gains([2, 1], [2, 1]), ...gains([1, 0], [1, 0]));
  expect(interference(data[0]!, constant)).toBeLessThan(1e-14);
});

test("a static path e samples late: useful share (1 − e/N), interference 2e/N − (e/N)²", () => {
  const e = 10;
  const { alpha, beta, data } = window({ prefix: 5, delays: [15] });
  expect(alpha[0] + beta[0]).toBeCloseTo(1 - e / fftSize, 12);
  const late = interference(data[1]!, gains([0.6, -0.8], [0.6, -0.8]));
  expect(late).toBeCloseTo((2 * e) / fftSize - (e / fftSize) ** 2, 12);
  // Before a packet's first symbol there is nothing to interfere: its own lost part alone.
  const first = interference(data[0]!, gains([0.6, -0.8], [0.6, -0.8]));
  expect(first).toBeCloseTo(e / fftSize - (e / fftSize) ** 2, 12);
});

test("a path later than a whole symbol brings no signal, only earlier symbols", () => {
  const { alpha, beta, data } = window({ prefix: 4, delays: [4 + 68 + 20] });
  expect(alpha[0] + beta[0]).toBe(0);
  const at = (symbol: number) => interference(data[symbol]!, gains([1, 0], [1, 0]));
  expect(data).toHaveLength(3);
  expect(at(0)).toBe(0);
  // The second symbol hears the first from sample 20 on.
  expect(at(1)).toBeCloseTo((64 - 20) / 64, 12);
  expect(at(2)).toBeCloseTo(1, 12);
});

test("the mean over fading is that of Li and Cimini for slow Clarke fading: (2πfD T)²/24", () => {
  const { data } = window({ prefix: 0, delays: [0, 0] });
  const x = 2 * Math.PI * 0.01; // fD T = 0.01
  const j0 = 1 - x ** 2 / 4 + x ** 4 / 64;
  const mean = meanInterference(data[0]!, [0.7, 0.3], [0.7 * j0, 0.3 * j0]);
  expect(mean / ((x ** 2 / 24) * (1 - 1 / fftSize ** 2))).toBeCloseTo(1, 3);
});

describe("a band with gaps and boosted pilots, against sums over single subcarriers", () => {
  const grid = subcarriers(fftSize, 37, 6);
  const boost = 2.5;
  const energy = new Float64Array(fftSize);
  for (const place of grid.data) energy[grid.bins[place]] = 1;
  for (const place of grid.pilots) energy[grid.bins[place]] = boost;

  /** Energy at bin k of what bins k' of this and of the last symbol send, k' = k of this symbol left out. */
  function energyAt(k: number, delay: number, prefix: number, a: number[], b: number[]): number {
    let sum = 0;
    for (let from = 0; from < fftSize; from++) {
      for (const last of [false, true]) {
        if (from === k && !last) continue;
        let re = 0;
        let im = 0;
        for (let n = 0; n < fftSize; n++) {
          const early = prefix + n - delay < 0;
          if (early !== last) continue;
          const u = (prefix + n) / (fftSize + prefix);
          const gRe = a[0]! + (b[0]! - a[0]!) * u;
          const gIm = a[1]! + (b[1]! - a[1]!) * u;
          // The last symbol's samples end where this one's prefix begins.
          const sample = last ? n - delay + prefix + fftSize : n - delay;
          const angle = (2 * Math.PI * (from * sample - k * n)) / fftSize;
          re += gRe * Math.cos(angle) - gIm * Math.sin(angle);
          im += gRe * Math.sin(angle) + gIm * Math.cos(angle);
        }
        sum += (energy[from] * (re * re + im * im)) / fftSize ** 2;
      }
    }
    return sum;
  }

  test.each([
    ["moving, within the prefix", 3, 7],
    ["moving, late", 19, 7],
  ])("%s", (_, delay, prefix) => {
    const a = [0.8, -0.3];
    const b = [0.2, 0.9];
    const { data, pilots } = window({ prefix, delays: [delay] }, grid, boost);
    const mean = (places: Int32Array) =>
      places.reduce((s, p) => s + energyAt(grid.bins[p]!, delay, prefix, a, b), 0) / places.length;
    const path = gains([0.8, -0.3], [0.2, 0.9]);
    // Over a band that is not symmetric, Im(a b*) counts a little as well.
    expect(interference(data.at(-1)!, path) / mean(grid.data)).toBeCloseTo(1, 2);
    expect(interference(pilots, path) / mean(grid.pilots)).toBeCloseTo(1, 2);
  });
});

test("a grid: pilots first, last and evenly between; the carrier in the middle", () => {
  const grid = subcarriers(64, 12, 5);
  expect([...grid.pilots]).toEqual([0, 5, 10, 11]);
  expect([...grid.data]).toEqual([1, 2, 3, 4, 6, 7, 8, 9]);
  expect([...grid.bins]).toEqual([58, 59, 60, 61, 62, 63, 0, 1, 2, 3, 4, 5]);
});
