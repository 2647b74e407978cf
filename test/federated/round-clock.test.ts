import { expect, test } from "vitest";
import { RoundClock } from "../../src/federated/round-clock.js";
import { lognormalSpeed } from "../../src/federated/speeds/lognormal.js";
import { shiftedExponentialSpeed } from "../../src/federated/speeds/shifted-exponential.js";
import { RandomSource } from "../../src/kernel/index.js";
import { assertWithin } from "../within.js";

const devices = [
  { device: 4, computeS: 3 },
  { device: 1, computeS: 0.5 },
  { device: 7, computeS: 2 },
];

test("a round lasts for broadcast, the slowest device and airtime", () => {
  const clock = new RoundClock({ broadcastS: 0.25, devices });
  expect(clock.untilUplink()).toEqual({ ready: [4, 1, 7], late: [] });
  expect(clock.finish(0.125)).toBe(0.25 + 3 + 0.125);
});

test("at the deadline the uplink begins without the others; a device just then is in time", () => {
  const clock = new RoundClock({ broadcastS: 0.25, deadlineS: 2, devices });
  expect(clock.untilUplink()).toEqual({ ready: [1, 7], late: [4] });
  expect(clock.finish(1)).toBe(0.25 + 2 + 1);
});

test("with all devices ready nobody waits for the deadline, and with none there is no waiting at all", () => {
  const early = new RoundClock({ broadcastS: 0.25, deadlineS: 10, devices });
  early.untilUplink();
  expect(early.finish(0)).toBe(3.25);
  const nobody = new RoundClock({ broadcastS: 0.25, deadlineS: 10, devices: [] });
  expect(nobody.untilUplink()).toEqual({ ready: [], late: [] });
  expect(nobody.finish(0)).toBe(0.25);
});

test("speeds: median of the lognormal, least time and mean of the shifted exponential", () => {
  const n = 20_000;
  const random = new RandomSource(1).stream("speeds");
  const lognormal = { examplesPerS: 250, sigma: 0.8, per: "device" } as const;
  const fast = Array.from({ length: n }, () => lognormalSpeed.draw(lognormal, random)).filter(
    (time) => time < 1 / 250,
  );
  assertWithin(fast.length / n, 0.5, Math.sqrt(0.25 / n));
  const logs = Array.from({ length: n }, () =>
    Math.log(250 * lognormalSpeed.draw(lognormal, random)),
  );
  const square = logs.reduce((a, b) => a + b * b, 0) / n;
  assertWithin(square, 0.8 ** 2, 0.8 ** 2 * Math.sqrt(2 / n));

  const shifted = { examplesPerS: 250, slowdown: 0.6, per: "device" } as const;
  const times = Array.from({ length: n }, () => shiftedExponentialSpeed.draw(shifted, random));
  expect(Math.min(...times)).toBeGreaterThanOrEqual(1 / 250);
  const mean = times.reduce((a, b) => a + b, 0) / n;
  assertWithin(mean, 1.6 / 250, 0.6 / 250 / Math.sqrt(n));
});
