import { describe, expect, test } from "vitest";
import { openFederatedBench, trialSource } from "../../src/federated/bench.js";
import { DeviceTrainer } from "../../src/federated/device-trainer.js";
import { broadcast } from "../../src/federated/downlink.js";
import { RoundMemory } from "../../src/federated/round-memory.js";
import { prepareFederated } from "../../src/federated/study.js";
import { gather, normalizedError } from "../../src/math/vectors.js";
import { channelFiles } from "../../src/scenario/schema.js";
import { weightStatistics } from "../../src/transmitter/transmitter.js";
import { folderWith } from "../files/temporary-folder.js";
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
      `downlink={ channel: { name: awgn, snrDb: 10 }, ${sent}, receiver: { name: mmse, scope: tensor } }`,
    ]);
    const symbols = Math.ceil(6370 / 2);
    // Mean and variance of each of 4 tensors, 32 bits each, a bit in a symbol.
    const airtime = (symbols + 2 * 4 * 32) / 1e5 + symbols / 1e4;
    for (const { round, timeS, airtimeS } of records) {
      // 40 images on each of 6 devices, twice.
      expect(timeS).toBeCloseTo(round * (0.5 + 0.8 + airtime), 9);
      expect(airtimeS).toBeCloseTo(round * airtime, 9);
    }
  });

  test("a round by hand: devices train from what they have received, whoever else drops out", async () => {
    const common = ["uplink=ideal", "training.rounds=1", "devices.dropout=0.5", noisy(5)];
    for (let seed = 1; seed <= 20; seed++) {
      const overrides = [...common, `seed=${seed}`];
      const [course] = await runAll(overrides);
      const { active, dropped, ready } = course.records[1];
      if (dropped.length !== 1 || dropped[0] !== active[0]) continue;

      const { points, study } = await planOf(...overrides);
      const { settings } = points[0];
      const bench = await openFederatedBench(settings, study);
      const memory = new RoundMemory(bench);
      const model = bench.initial(0);
      broadcast(model, {
        downlink: settings.downlink!,
        bench,
        memory,
        devices: active,
        receptionsBefore: 0,
        random: trialSource(seed, 0).child("downlink").child("round 0"),
      });
      const device = await DeviceTrainer.open(bench.part);
      const wanted = model.slice();
      for (const k of ready) {
        const start = memory.start(active.indexOf(k));
        const result = start.slice();
        const indices = bench.partition(0, settings)[k];
        const random = [seed, "trial 0", `device ${k}`] as const;
        const task = { indices, random, epoch: 0, epochs: 2, learningRate: 0.1, start, result };
        await device.train(task, () => {});
        wanted.forEach((_, place) => {
          wanted[place] += (result[place] - start[place]) / ready.length;
        });
      }
      expect(ready).toHaveLength(2);
      expect(largestDifference(course.model, wanted)).toBeLessThan(1e-6);
      expect(largestDifference(course.model, model)).toBeGreaterThan(1e-3);
      return;
    }
    throw new Error("no seed in which the first device alone drops out");
  });

  test("a recording is used up reception by reception; its file is hashed", async () => {
    const receptions = 4 * 3;
    const noise = new Float32Array(receptions * 6370).map((_, k) => ((k % 7) - 3) / 2);
    const folder = folderWith({ "noise.f32": new Uint8Array(noise.buffer) });
    const channel = `{ name: recorded, path: ${folder}/noise.f32, snrDb: 10 }`;
    const [{ records }] = await runAll([`downlink={ channel: ${channel} }`]);
    // The values' mean square is 1.
    for (const { downlinkNmse } of records.slice(1)) expect(downlinkNmse).toBeCloseTo(0.1, 4);
    const { points } = await planOf(`downlink={ channel: ${channel} }`);
    expect(channelFiles(points[0].settings.downlink!)).toEqual([`${folder}/noise.f32`]);
    const longer = planOf(`downlink={ channel: ${channel} }`, "training.rounds=5");
    await expect(longer.then((plan) => prepareFederated(plan))).rejects.toThrow(
      /downlink, each of whose 15 receptions is a trial: .* trial 14 needs/,
    );
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
  ["{ channel: { name: awgn } }", /downlink\.channel needs snrDb, wnrDb or budget/],
  ["{ channel: awgn }", /downlink\.channel must be a map, \{ name: awgn \} and its parameters/],
  ["{}", /downlink\.channel is missing/],
  [
    "{ channel: { name: block-fading, snrDb: 9, coherenceS: 1, inversion: plain } }",
    /downlink\.channel: inversion suits one receiver/,
  ],
  [
    "{ channel: { name: chain, links: [{ name: awgn, snrDb: 9 }, { name: doppler, snrDb: 9, speedMps: 1, carrierHz: 1 GHz, inversion: plain }] } }",
    /downlink\.channel: inversion suits one receiver/,
  ],
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
    /downlink, .*: transmitter\.interleaving must be off with pcm-storage/,
  ],
  [
    "{ channel: { name: awgn, snrDb: 9 }, receiver: { name: mmse-pb, preset: paper-fig3 } }",
    /downlink\.receiver\.preset: is a grid/,
  ],
  [
    "{ channel: { name: awgn, snrDb: 9 }, receiver: { name: mmse-pb, groups: { g: { tensors: [no*] } } } }",
    /downlink: receivers\.mmse-pb\.groups\.g\.tensors: no tensor that is sent matches "no\*"/,
  ],
])("bad input: %s", async (downlink, message) => {
  const prepared = async () => prepareFederated(await planOf(`downlink=${downlink}`));
  await expect(prepared()).rejects.toThrow(message);
});
