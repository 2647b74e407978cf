import { describe, expect, test } from "vitest";
import { benchKey, openFederatedBench, trialSource } from "../../src/federated/bench.js";
import { DeviceTrainer } from "../../src/federated/device-trainer.js";
import { prepareFederated, runFederated } from "../../src/federated/study.js";
import { openTrainer } from "../../src/models/training/onnx-trainer.js";
import { BatchSource } from "../../src/training/batches.js";
import { trainSteps } from "../../src/training/local.js";
import { largestDifference, planOf, runAll } from "./fixture.js";

/** Of float32 numbers below 2 that were rounded a few times. */
const rounding = 2e-6;

test("one device, an ideal uplink: the same as training on all of its images", async () => {
  const alone = [
    "devices.count=1",
    "devices.active=1",
    "uplink=ideal",
    "training.schedule=constant",
  ];
  const plain = ["training.optimizer.momentum=0", "training.epochs=1"];
  const [course] = await runAll([...alone, ...plain]);

  const { points, study } = await planOf(...alone, ...plain);
  const { settings } = points[0];
  const bench = await openFederatedBench(settings, study);
  const { bytes, options, examples } = bench.part;
  const trainer = await openTrainer(bytes, options);
  const batches = new BatchSource(
    examples,
    10,
    trialSource(1, 0).child("device 0"),
    [],
    bench.partition(0, settings)[0],
  );
  const losses: number[] = [];
  for (let epoch = 0; epoch < 4; epoch++) {
    losses.push((await trainSteps(trainer, batches.epoch(epoch), { rate: () => 0.1 })).loss);
  }
  for (const { name, offset, size } of bench.whole.entries) {
    const own = course.model.subarray(offset, offset + size);
    expect(largestDifference(own, trainer.read(name)), name).toBeLessThan(rounding);
    expect(
      largestDifference(own, bench.initial(0).subarray(offset, offset + size)),
    ).toBeGreaterThan(0.001);
  }
  for (const { round, trainingLoss, nmse, learningRate } of course.records.slice(1)) {
    expect(trainingLoss).toBeCloseTo(losses[round - 1], 5);
    expect(nmse).toBe(0);
    expect(learningRate).toBe(0.1);
  }
});

test("a round by hand: updates add up, what does not travel is averaged exactly", async () => {
  const overrides = [
    "model={ name: glyphs-resnet }",
    "devices.count=2",
    "devices.active=2",
    "training.rounds=1",
    "server.learningRate=0.5",
    "uplink=ideal",
  ];
  const [course] = await runAll(overrides);

  const { points, study } = await planOf(...overrides);
  const { settings } = points[0];
  const bench = await openFederatedBench(settings, study);
  const device = await DeviceTrainer.open(bench.part);
  const start = bench.initial(0);
  const trained: Float32Array[] = [];
  for (const k of [0, 1]) {
    const result = start.slice();
    await device.train(
      {
        indices: bench.partition(0, settings)[k],
        random: [1, "trial 0", `device ${k}`],
        epoch: 0,
        epochs: 2,
        learningRate: 0.1,
        start,
        result,
      },
      () => {},
    );
    trained.push(result);
  }
  const mean = (k: number) => (trained[0][k] + trained[1][k]) / 2;
  expect(bench.exact.length).toBeGreaterThan(0);
  for (const { name, from, to } of bench.exact) {
    const wanted = Float32Array.from({ length: to - from }, (_, i) => mean(from + i));
    expect(largestDifference(course.model.subarray(from, to), wanted), name).toBe(0);
    expect(largestDifference(wanted, start.subarray(from, to)), name).toBeGreaterThan(0);
  }
  for (const { name, from, to } of bench.travellingPlaces) {
    const wanted = Float32Array.from(
      { length: to - from },
      (_, i) => start[from + i] + 0.5 * (mean(from + i) - start[from + i]),
    );
    expect(largestDifference(course.model.subarray(from, to), wanted), name).toBeLessThan(rounding);
  }
  const travels = new Set(bench.travelling.entries.map(({ name }) => name));
  for (const { name } of bench.exact) expect(travels.has(name), name).toBe(false);
});

test("an over-the-air sum without noise is the ideal one; with noise its NMSE is 1/SNR", async () => {
  const [ideal] = await runAll(["uplink=ideal"]);
  const [quiet] = await runAll(["uplink.snrDb=200"]);
  expect(largestDifference(ideal.model, quiet.model)).toBeLessThan(rounding);
  const [noisy] = await runAll(["uplink.snrDb=3"]);
  const size = noisy.records.slice(1).map(({ nmse }) => 10 * Math.log10(nmse!));
  // 6,370 numbers: a relative standard error of √(2/6370), 0.08 dB.
  for (const db of size) expect(Math.abs(db + 3)).toBeLessThan(5 * 0.08);
});

test("two workers and one give the same numbers, as does the order of the trainings", async () => {
  const several = ["receivers=[ml, mmse]", "trials=2", "uplink=ncair", "uplink.deviceSnrDb=10"];
  const one = await runAll(several, 1);
  const two = await runAll(several, 2);
  expect(JSON.stringify(two.map(({ records }) => records))).toBe(
    JSON.stringify(one.map(({ records }) => records)),
  );
  two.forEach(({ model }, i) => {
    expect(largestDifference(model, one[i].model)).toBe(0);
  });
});

describe("pairing", () => {
  test("receivers of a trial start alike and meet the same devices; trials differ", async () => {
    const [ml, mmse, other] = await runAll(["receivers=[ml, mmse]", "trials=2"]);
    const active = ({ records }: typeof ml) => JSON.stringify(records.map((r) => r.active));
    expect(active(mmse)).toBe(active(ml));
    expect(mmse.records[0]).toEqual(ml.records[0]);
    // The first round begins from the same model with the same updates and noise.
    expect(mmse.records[1].trainingLoss).toBe(ml.records[1].trainingLoss);
    expect(mmse.records[1].noiseVariance).toBe(ml.records[1].noiseVariance);
    expect(mmse.records[1].nmse).not.toBe(ml.records[1].nmse);
    expect(active(other)).not.toBe(active(ml));
    expect(other.records[0].loss).not.toBe(ml.records[0].loss);
  });

  test("rates follow the schedule over the rounds", async () => {
    const [{ records }] = await runAll(["training.schedule=cosine"]);
    const rates = records.slice(1).map(({ learningRate }) => learningRate!);
    rates.forEach((rate, r) => {
      expect(rate).toBeCloseTo((0.1 * (1 + Math.cos((Math.PI * r) / 4))) / 2, 12);
    });
  });
});

test("time, airtime and energy of a round by hand", async () => {
  const [{ records }] = await runAll([
    "uplink=ideal",
    "uplink.symbolRateHz=1e4",
    "server.broadcastS=0.5",
    "devices.speed={ name: constant, examplesPerS: 100 }",
  ]);
  const airtime = Math.ceil(6370 / 2) / 1e4;
  records.forEach((record) => {
    // 40 images on each of 6 devices, twice.
    expect(record.timeS).toBeCloseTo(record.round * (0.5 + 0.8 + airtime), 9);
    expect(record.airtimeS).toBeCloseTo(record.round * airtime, 9);
  });
  const spent = records.flatMap(({ energies }) => energies).reduce((a, b) => a + b, 0);
  expect(records.at(-1)!.energy).toBeCloseTo(spent / 6, 9);
});

test("a setting is chosen on validation images of the round, and leaves the other streams alone", async () => {
  const grid = "receivers=[ml, { name: mmse-pb, lambda: [0.85, 1], beta: 0, kappa: 30 }]";
  const [ml, chosen] = await runAll([grid, "uplink.snrDb=-10"]);
  for (const { setting, search } of chosen.records.slice(1)) {
    expect([0.85, 1]).toContain(setting!.lambda);
    expect(search).toMatchObject({ chosenBy: "validation", images: 30, settings: 2, leftOut: 0 });
    expect(search!.imageInferences).toBe(60);
  }
  expect(chosen.records.map((r) => r.active)).toEqual(ml.records.map((r) => r.active));
  expect(chosen.records.some(({ setting }) => setting?.lambda === 0.85)).toBe(true);
});

describe("rounds that go wrong", () => {
  test("nobody in time: the round is lost and the model stays", async () => {
    const [{ records, model, notes }] = await runAll(["devices.deadlineS=1e-6"]);
    expect(notes).toEqual([
      "nobody was heard in some rounds: they are lost, and the model stays as it was",
    ]);
    const { points, study } = await planOf();
    const bench = await openFederatedBench(points[0].settings, study);
    expect(largestDifference(model, bench.initial(0))).toBe(0);
    for (const { lost, late, ready, timeS, round, accuracy } of records.slice(1)) {
      expect([lost, late.length, ready.length]).toEqual([true, 3, 0]);
      expect(timeS).toBeCloseTo(round * 1e-6, 12);
      expect(accuracy).toBe(records[0].accuracy);
    }
  });

  test("devices drop out with the probability given", async () => {
    const [{ records }] = await runAll([
      "devices.dropout=0.4",
      "training.rounds=60",
      "devices.active=6",
    ]);
    const dropped = records.reduce((sum, record) => sum + record.dropped.length, 0);
    expect(Math.abs(dropped - 144)).toBeLessThan(5 * Math.sqrt(360 * 0.4 * 0.6));
    for (const { dropped, ready } of records.slice(1))
      expect(dropped.length + ready.length).toBe(6);
  });

  test("a training that diverges counts as guessing where it would have been scored, and is said to", async () => {
    const [{ records, notes }] = await runAll([
      "training.optimizer.learningRate=1e20",
      "training.rounds=8",
      "server.evaluateEvery=3",
    ]);
    expect(records.map(({ round }) => round)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    for (const { round, diverged, accuracy } of records.slice(1)) {
      expect([diverged, accuracy]).toEqual([true, [3, 6, 8].includes(round) ? 0.1 : undefined]);
    }
    expect(notes).toEqual([
      "a training has diverged in round 1: its accuracy counts as that of guessing from there on",
    ]);
  });

  test("devices without images stay idle, and those with few fill a batch", async () => {
    const scarce = [
      "partition={ name: dirichlet, alpha: 0.002 }",
      "devices.count=12",
      "devices.active=12",
    ];
    const [{ records, notes }] = await runAll(scarce);
    const { points, study } = await planOf(...scarce);
    const { settings } = points[0];
    const parts = (await openFederatedBench(settings, study)).partition(0, settings);
    const idle = parts.flatMap(({ length }, k) => (length === 0 ? [k] : []));
    expect(idle.length).toBeGreaterThan(0);
    expect(notes[0]).toBe(
      `devices ${idle.join(", ")} of 12 got no images in a trial and stay idle`,
    );
    for (const { active } of records.slice(1)) {
      expect(active.filter((k) => idle.includes(k))).toEqual([]);
      expect(active).toHaveLength(12 - idle.length);
    }
  });
});

test("points that differ in the uplink alone share a bench", async () => {
  const { points } = await planOf("sweep={ uplink.snrDb: [0, 5] }");
  expect(new Set(points.map(({ settings }) => benchKey(settings))).size).toBe(1);
});

test("an abort ends the trainings within a step, with its reason", async () => {
  const end = new AbortController();
  const prepared = await prepareFederated(await planOf());
  let rounds = 0;
  const run = runFederated(prepared, {
    signal: end.signal,
    onRound: async () => {
      if (++rounds === 3) end.abort(new Error("enough"));
    },
  });
  await expect(run).rejects.toThrow("enough");
  expect(rounds).toBe(3);
});
