import { describe, expect, test } from "vitest";
import { openFederatedBench, trialSource } from "../../src/federated/bench.js";
import { broadcast } from "../../src/federated/downlink.js";
import { RoundMemory } from "../../src/federated/round-memory.js";
import { prepareFederated } from "../../src/federated/study.js";
import { gather, normalizedError } from "../../src/math/vectors.js";
import { weightStatistics } from "../../src/transmitter/transmitter.js";
import { largestDifference, planOf, runAll } from "./fixture.js";

/** Broadcasts the first model of a network in which not everything travels, and says what devices got of what travels. */
async function received(downlink: string, round = 0, devices = [4, 1]) {
  const plan = await planOf("model={ name: glyphs-resnet }", `downlink=${downlink}`);
  const [{ settings }] = plan.points;
  const bench = await openFederatedBench(settings, plan.study);
  const memory = new RoundMemory(bench);
  const model = bench.initial(0);
  const told = broadcast(model, {
    downlink: settings.downlink!,
    bench,
    memory,
    devices,
    receptionsBefore: 0,
    random: trialSource(1, 0).child(`round ${round}`),
  });
  const starts = devices.map((_, i) => memory.start(i));
  const weights = gather(model, bench.travellingPlaces);
  const got = starts.map((start) => gather(start, bench.travellingPlaces));
  return { ...told, bench, model, starts, weights, got };
}

const minus = (a: Float32Array, b: Float32Array) => a.map((value, k) => value - b[k]);

describe("what devices receive", () => {
  test("the weights with noise of the SNR's power, each device's its own", async () => {
    const { weights, got, nmse } = await received("{ channel: { name: awgn, snrDb: 10 } }");
    const { meanSquare } = weightStatistics(weights);
    const n = weights.length;
    const [a, b] = got.map((own) => minus(own, weights));
    for (const noise of [a, b]) {
      const ratio = weightStatistics(noise).meanSquare / (meanSquare / 10);
      expect(Math.abs(ratio - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    }
    const product = a.reduce((sum, value, k) => sum + value * b[k], 0) / n / (meanSquare / 10);
    expect(Math.abs(product)).toBeLessThan(5 / Math.sqrt(n));
    const each = got.map((own) => normalizedError(own, 1, weights));
    expect(nmse).toBeCloseTo((each[0] + each[1]) / 2, 12);
  });

  test("what does not travel arrives as it is", async () => {
    const { bench, model, starts } = await received("{ channel: { name: awgn, snrDb: 0 } }");
    const places = bench.travellingPlaces;
    const travels = new Uint8Array(model.length);
    for (const { from, to } of places) travels.fill(1, from, to);
    expect(travels.indexOf(0)).toBeGreaterThanOrEqual(0);
    for (const start of starts) {
      for (let k = 0; k < model.length; k++) {
        if (travels[k] === 0 ? start[k] !== model[k] : start[k] === model[k]) {
          throw new Error(`number ${k} is ${start[k]} of ${model[k]}`);
        }
      }
    }
  });

  test("an estimator's error is that of its theory", async () => {
    const at = (receiver: string) =>
      received(`{ channel: { name: awgn, snrDb: 0 }, receiver: ${receiver} }`);
    const { weights, nmse } = await at("mmse");
    const { variance, meanSquare } = weightStatistics(weights);
    const noise = meanSquare; // at 0 dB
    const theory = (variance * noise) / (variance + noise) / meanSquare;
    expect(Math.abs(nmse! / theory - 1)).toBeLessThan(5 * Math.sqrt(2 / weights.length));
    const ml = await at("ml");
    expect(Math.abs(ml.nmse! - 1)).toBeLessThan(5 * Math.sqrt(2 / weights.length));
  });

  test("a device meets the same channel whoever else listens, and another one in another round", async () => {
    const link = "{ channel: { name: block-fading, snrDb: 10, coherenceS: 1 ms } }";
    const both = await received(link);
    const alone = await received(link, 0, [1]);
    expect(largestDifference(both.got[1], alone.got[0])).toBe(0);
    expect(largestDifference(both.got[0], alone.got[0])).toBeGreaterThan(0);
    const later = await received(link, 1);
    expect(largestDifference(later.got[1], both.got[1])).toBeGreaterThan(0);
  });

  test("one transmission: the order in which weights are sent is the same for all devices", async () => {
    const { got, weights } = await received(
      "{ channel: { name: erasure, lossRate: 0.5 }, transmitter: { packetSymbols: 64, interleaving: random } }",
    );
    // Lost weights are set to the mean.
    const fill = Math.fround(weightStatistics(weights).mean);
    const [a, b] = got.map((own) => Array.from(own, (value) => value === fill));
    const both = a.filter((isLost, k) => isLost && b[k]).length;
    // Whole packets, of which the last may be shorter.
    expect([0, weights.length % 64]).toContain(both % 64);
    expect(both).toBeGreaterThan(0);
    expect(b.filter(Boolean).length).toBeGreaterThan(both);
  });
});

describe("trainings", () => {
  const noisy = (snrDb: number) => `downlink={ channel: { name: awgn, snrDb: ${snrDb} } }`;

  test("without noise they are those without a downlink", async () => {
    const [plain] = await runAll(["uplink=ideal"]);
    const [quiet] = await runAll(["uplink=ideal", noisy(200)]);
    expect(largestDifference(plain.model, quiet.model)).toBeLessThan(1e-5);
    expect(quiet.records[1].downlinkNmse).toBeLessThan(1e-12);
    expect(plain.records[1].downlinkNmse).toBeUndefined();
  });

  test("devices send what training has changed: the noise itself never reaches the model", async () => {
    const still = ["uplink=ideal", "training.optimizer.learningRate=1e-30", "training.rounds=2"];
    const [plain] = await runAll(still);
    const [course] = await runAll([...still, noisy(-10)]);
    const { points, study } = await planOf();
    const bench = await openFederatedBench(points[0].settings, study);
    expect(largestDifference(course.model, bench.initial(0))).toBe(0);
    expect(course.records[1].trainingLoss).not.toBeCloseTo(plain.records[1].trainingLoss!, 1);
  });

  test("the same with two workers; receivers of a trial meet the same broadcast", async () => {
    const several = [noisy(5), "receivers=[ml, mmse]"];
    const one = await runAll(several, 1);
    const two = await runAll(several, 2);
    expect(JSON.stringify(two.map(({ records }) => records))).toBe(
      JSON.stringify(one.map(({ records }) => records)),
    );
    const [ml, mmse] = one;
    expect(mmse.records[1].downlinkNmse).toBe(ml.records[1].downlinkNmse);
    expect(mmse.records[1].trainingLoss).toBe(ml.records[1].trainingLoss);
    expect(mmse.records[2].downlinkNmse).not.toBe(ml.records[2].downlinkNmse);
  });

  test("time and airtime of a round by hand", async () => {
    const sent = "transmitter: { mapping: iq, symbolRateHz: 1e5 }";
    const [{ records }] = await runAll([
      "uplink=ideal",
      "uplink.symbolRateHz=1e4",
      "server.broadcastS=0.5",
      "devices.speed={ name: constant, examplesPerS: 100 }",
      `downlink={ channel: { name: awgn, snrDb: 10 }, ${sent} }`,
    ]);
    const symbols = Math.ceil(6370 / 2);
    const airtime = symbols / 1e5 + symbols / 1e4;
    for (const { round, timeS, airtimeS } of records) {
      // 40 images on each of 6 devices, twice.
      expect(timeS).toBeCloseTo(round * (0.5 + 0.8 + airtime), 9);
      expect(airtimeS).toBeCloseTo(round * airtime, 9);
    }
  });

  test("devices that no setting makes sense for drop out, and are named", async () => {
    // λ' of 1.5 lies beyond the pole at 1 + SNR.
    const receiver = "receiver: { name: mmse-pb, lambda: 1.5, beta: 0 }";
    const [{ records, notes }] = await runAll([
      `downlink={ channel: { name: awgn, snrDb: -10 }, ${receiver} }`,
    ]);
    for (const { active, dropped, ready, lost, downlinkNmse, airtimeS } of records.slice(1)) {
      expect([dropped, ready, lost]).toEqual([active, [], true]);
      expect(downlinkNmse).toBeUndefined();
      expect(airtimeS).toBeGreaterThan(0);
    }
    expect(notes).toContainEqual(
      expect.stringMatching(/no setting of downlink\.receiver made sense/),
    );
  });
});

test.each([
  [
    "{ channel: { name: agwn } }",
    /downlink\.channel\.name: unknown channel "agwn"; did you mean "awgn"/,
  ],
  ["{ channel: { name: awgn } }", /downlink\.channel/],
  ["{}", /downlink\.channel/],
  [
    "{ channel: { name: awgn, snrDb: 9 }, receiver: mmes }",
    /downlink\.receiver\.name: unknown .* "mmes"; did you mean "mmse"/,
  ],
  [
    "{ channel: { name: awgn, snrDb: 9 }, receiver: { name: mmse-pb, lambda: [0.9, 1], beta: 0 } }",
    /downlink\.receiver must have one setting, .* got 2/,
  ],
  ["{ channel: { name: awgn, snrDb: 9 }, transmitter: { arq: {} } }", /downlink\.transmitter.*arq/],
  [
    "{ channel: { name: awgn, snrDb: 9 }, transmitter: { code: [{ name: power-allocation, by: sensitivity }] } }",
    /downlink\.transmitter\.code: power-allocation needs the sensitivities/,
  ],
  [
    "{ channel: { name: pcm-storage, readAfterS: 60 }, transmitter: { interleaving: random } }",
    /transmitter\.interleaving must be off with pcm-storage/,
  ],
])("bad input: %s", async (downlink, message) => {
  const prepared = async () => prepareFederated(await planOf(`downlink=${downlink}`));
  await expect(prepared()).rejects.toThrow(message);
});
