/** Losses against values computed by hand, with Python, from the formulas of 3GPP TR 38.901 V17.0.0. */
import { describe, expect, test } from "vitest";
import {
  breakpointM,
  type Path,
  type PathLossName,
  pathLossModels,
} from "../../src/radio/path-loss.js";

function lossDb(name: PathLossName, path: Partial<Path>): number {
  const { base, terminal } = pathLossModels[name].heightsM;
  return pathLossModels[name].lossDb({
    distanceM: 100,
    carrierHz: 2e9,
    baseHeightM: base,
    terminalHeightM: terminal,
    ...path,
  });
}

describe("free space", () => {
  test("32.45 dB + 20 lg(d / km) + 20 lg(f / MHz)", () => {
    const rule = (km: number, mhz: number) => 32.45 + 20 * Math.log10(km) + 20 * Math.log10(mhz);
    // The rule's constant is 32.4478, rounded.
    expect(
      Math.abs(lossDb("free-space", { distanceM: 1500, carrierHz: 2.4e9 }) - rule(1.5, 2400)),
    ).toBeLessThan(0.003);
    expect(lossDb("free-space", { distanceM: 1500, carrierHz: 2.4e9 })).toBeCloseTo(103.573833, 5);
    expect(lossDb("free-space", { distanceM: 36e6, carrierHz: 12e9 })).toBeCloseTo(205.157458, 5);
  });

  test("heights count by their difference", () => {
    const slanted = lossDb("free-space", { distanceM: 30, baseHeightM: 45, terminalHeightM: 5 });
    expect(slanted).toBeCloseTo(lossDb("free-space", { distanceM: 50 }), 12);
  });
});

test.each<[PathLossName, Partial<Path>, number]>([
  // 3.5 GHz, terminal at 2 m: breakpoint at 1120 m.
  ["uma-los", { distanceM: 300, carrierHz: 3.5e9, terminalHeightM: 2 }, 93.406026],
  ["uma-los", { distanceM: 2000, carrierHz: 3.5e9, terminalHeightM: 2 }, 116.036137],
  ["uma-nlos", { distanceM: 300, carrierHz: 3.5e9, terminalHeightM: 2 }, 120.976993],
  ["uma-nlos", { distanceM: 2000, carrierHz: 3.5e9, terminalHeightM: 2 }, 153.126735],
  // The line-of-sight loss is the larger one.
  ["uma-nlos", { distanceM: 10, carrierHz: 3.5e9, terminalHeightM: 12 }, 65.608636],
  // 2 GHz, terminal at 2.5 m: breakpoint at 360 m.
  ["umi-los", { distanceM: 100, terminalHeightM: 2.5 }, 80.446179],
  ["umi-los", { distanceM: 900, terminalHeightM: 2.5 }, 108.019366],
  ["umi-nlos", { distanceM: 100, terminalHeightM: 2.5 }, 99.154935],
  ["umi-nlos", { distanceM: 900, terminalHeightM: 2.5 }, 132.797232],
  ["umi-nlos", { distanceM: 5000, carrierHz: 0.5e9, baseHeightM: 5 }, 152.689442],
  ["inh-los", { distanceM: 8, carrierHz: 28e9 }, 77.194363],
  ["inh-los", { distanceM: 60, carrierHz: 28e9 }, 92.109349],
  ["inh-nlos", { distanceM: 8, carrierHz: 28e9 }, 88.426781],
  ["inh-nlos", { distanceM: 60, carrierHz: 28e9 }, 121.446664],
  ["inh-nlos", { distanceM: 1.2, carrierHz: 0.6e9 }, 34.325955],
])("%s %o: %d dB", (name, path, theory) => {
  expect(lossDb(name, path)).toBeCloseTo(theory, 5);
});

test.each(["uma-los", "umi-los"] as const)("%s: both slopes meet at the breakpoint", (name) => {
  const path = {
    carrierHz: 1.7e9,
    baseHeightM: pathLossModels[name].heightsM.base,
    terminalHeightM: 3,
    distanceM: 0,
  };
  const distanceM = breakpointM(path);
  const before = lossDb(name, { ...path, distanceM: distanceM * (1 - 1e-9) });
  const after = lossDb(name, { ...path, distanceM: distanceM * (1 + 1e-9) });
  expect(Math.abs(after - before)).toBeLessThan(1e-6);
});

test("standard deviations of the shadowing are those of the table", () => {
  const sigmas = Object.values(pathLossModels).map((model) => model.shadowingDb);
  expect(sigmas).toEqual([undefined, 4, 6, 4, 7.82, 3, 8.03]);
});
