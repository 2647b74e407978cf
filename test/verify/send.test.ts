import { expect, test } from "vitest";
import { doppler } from "../../channels/doppler.js";
import { gaussian, send, sendPackets } from "../../src/verify/send.js";

test("packets follow one another on the clock: together they are one long packet", () => {
  const x = gaussian(600, "send", "x");
  const params = { speedMps: 30, carrierHz: 20e9, snrDb: 200, knowledge: "none" };
  const sending = { channel: doppler, params, x, complex: true, seed: "send" };
  const whole = send(sending).y;
  const parts = [...sendPackets({ ...sending, packet: 250 })].flatMap(({ y }) => [...y]);
  expect(parts).toHaveLength(600);
  const worst = parts.reduce((most, v, k) => Math.max(most, Math.abs(v - whole[k])), 0);
  expect(worst).toBeLessThan(1e-5);
});
