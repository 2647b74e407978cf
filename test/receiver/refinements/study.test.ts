import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { mean, standardDeviation, sum } from "../../../src/math/statistics.js";
import { OnnxGraphBuilder } from "../../../src/models/onnx-graph.js";
import {
  refinementsInWords,
  refinementVectorsSent,
} from "../../../src/receiver/refinements/chain.js";
import { loadScenario } from "../../../src/scenario/load.js";
import { receiverLabel } from "../../../src/scenario/schema.js";
import { announced } from "../../../src/study/announced.js";
import { Schedule } from "../../../src/study/schedule.js";
import { closeStudy, prepareStudy, runStudy } from "../../../src/study/study.js";
import { folderWith } from "../../files/temporary-folder.js";

const base = {
  model: { name: "glyphs-resnet" },
  dataset: { name: "glyphs", testImages: 500, validationImages: 210 },
  channel: { name: "awgn", snrDb: -1 },
  trials: 1,
};
/** Where nothing is scored. */
const few = { name: "glyphs", testImages: 20, validationImages: 20 };

async function plan(receivers: unknown[], more: object = {}) {
  const folder = folderWith({});
  const file = join(folder, "s.json");
  writeFileSync(file, JSON.stringify({ ...base, receivers, ...more }));
  return loadScenario(file);
}

/** Accuracies by receiver, over all trials. */
async function run(receivers: unknown[], more: object = {}, workers = 1) {
  const planned = await plan(receivers, more);
  const prepared = await prepareStudy(planned, { workers });
  const [{ cleanCorrect, test: images }] = [...prepared.benches.values()];
  const rows: { label: string; accuracy: number; nmse: number; trial: number }[] = [];
  await runStudy(prepared, new Schedule(planned.points.length, planned.study.trials), {
    onTrial: ({ results }) => {
      for (const { estimator, accuracy, nmse, trial } of results) {
        rows.push({ label: estimator, accuracy, nmse, trial });
      }
    },
  });
  await closeStudy(prepared);
  rows.sort((a, b) => a.trial - b.trial);
  return { rows, clean: cleanCorrect / images.count };
}

const accuracyOf = (rows: { label: string; accuracy: number }[], label: string) => {
  const own = rows.filter((row) => row.label === label);
  return own.reduce((sum, row) => sum + row.accuracy, 0) / own.length;
};

describe("the embedded model", () => {
  test("almost without noise every refinement leaves accuracy within a point of clean", async () => {
    const chains = [
      ["batch-norm-recalibrate"],
      ["batch-norm-datafree"],
      ["batch-norm-probe"],
      ["scale-match"],
      ["bias-correct"],
    ];
    const receivers = chains.map((chain) => ["ml", ...chain]);
    const { rows, clean } = await run(receivers, {
      channel: { name: "awgn", snrDb: 60 },
      trials: 2,
    });
    for (const chain of chains) {
      const accuracy = accuracyOf(rows, ["ml", ...chain].join(" + "));
      expect(Math.abs(accuracy - clean), chain.join()).toBeLessThan(0.01);
    }
  });

  test("identity: behind recalibration, ml and every shrinkage of it are as accurate but for the last layer", async () => {
    const shrunk = { name: "mmse-pb", lambda: 0.6, beta: 0, refine: ["batch-norm-recalibrate"] };
    const { rows } = await run([
      "ml",
      ["ml", "batch-norm-recalibrate"],
      { ...shrunk, label: "shrunk" },
    ]);
    const [plain, refined] = ["ml", "ml + batch-norm-recalibrate"].map((l) => accuracyOf(rows, l));
    // The bias of the last layer shrinks beside its weights; ε stands beside a smaller variance.
    expect(Math.abs(accuracyOf(rows, "shrunk") - refined)).toBeLessThan(0.005);
    expect(refined).toBeGreaterThan(plain + 0.1);
  });

  test("a worker thread makes the same of it, and images are the same for all receivers", async () => {
    const receivers = [
      ["ml", "batch-norm-recalibrate"],
      { name: "ml", label: "again", refine: [{ name: "batch-norm-recalibrate", images: 200 }] },
      ["ml", "batch-norm-datafree", "bias-correct"],
    ];
    const more = { trials: 2, dataset: { ...base.dataset, testImages: 100 } };
    const [one, two] = [await run(receivers, more), await run(receivers, more, 2)];
    expect(two.rows).toEqual(one.rows);
    expect(accuracyOf(one.rows, "again")).toBe(accuracyOf(one.rows, "ml + batch-norm-recalibrate"));
  }, 20_000);

  test("a search chooses behind the refinements", async () => {
    const grid = { name: "mmse-pb", lambda: [-3, 1], beta: 0, kappa: 60 };
    const { rows } = await run([
      { ...grid, label: "plain" },
      { ...grid, label: "refined", refine: ["batch-norm-datafree"] },
    ]);
    expect(accuracyOf(rows, "refined")).toBeGreaterThan(accuracyOf(rows, "plain") + 0.1);
  });
});

describe("scenario", () => {
  test("an array, names and maps are the same receiver, with the names joined as label", async () => {
    const { points } = await plan([
      ["mmse", "scale-match", { name: "batch-norm-recalibrate", images: 50 }],
      {
        name: "mmse",
        label: "b",
        refine: ["scale-match", { name: "batch-norm-recalibrate", images: "50" }],
      },
      [
        { name: "mmse", label: "c" },
        { name: "scale-match", power: "estimated" },
      ],
    ]);
    const [a, b, c] = points[0].settings.receivers as unknown as Record<string, unknown>[];
    expect(receiverLabel(a)).toBe("mmse + scale-match + batch-norm-recalibrate");
    expect({ ...a, label: "b" }).toEqual(b);
    expect(receiverLabel(c)).toBe("c");
    expect(c.refine).toEqual([{ name: "scale-match", power: "estimated" }]);
  });

  test.each([
    [["ml", "batch-norm-recalibrat"], 'did you mean "batch-norm-recalibrate"?'],
    [["ml", { name: "batch-norm-recalibrate", image: 3 }], 'unknown key "image"'],
    [["ml", { name: "batch-norm-recalibrate", images: 0 }], "images must be > 0, got 0"],
    [
      ["ml", "batch-norm-datafree", "scale-match"],
      "refine must have scale-match before batch-norm-datafree, whose statistics would not fit the weights that it changes",
    ],
    [
      ["ml", "bias-correct", "bias-correct"],
      "refine must name each refinement once; bias-correct stands there twice",
    ],
    [
      ["ml", "batch-norm-recalibrate", "batch-norm-datafree"],
      "refine must have one of batch-norm-recalibrate and batch-norm-datafree, which set the same statistics",
    ],
  ])("%j is refused", async (receiver, message) => {
    const [name, ...refine] = receiver;
    await expect(plan([{ name, refine }])).rejects.toThrow(message);
    await expect(plan([receiver])).rejects.toThrow();
  });

  test("groups that no tensor is in are refused before anything runs", async () => {
    const groups = { ends: { tensors: ["linear.*"], lambda: 1 } };
    await expect(prepareStudy(await plan([{ name: "mmse-pb", groups }]))).rejects.toThrow(
      'receivers.mmse-pb.groups.ends.tensors: no tensor that is sent matches "linear.*"',
    );
  });

  test("more unlabelled images than there are is refused before anything runs", async () => {
    const planned = await plan([["ml", { name: "batch-norm-recalibrate", images: 211 }]]);
    await expect(prepareStudy(planned)).rejects.toThrow(
      "receivers.ml + batch-norm-recalibrate.refine.images must be at most the 210 validation images, got 211",
    );
  });
});

test("numbers and images are counted; what two refinements share is sent once", async () => {
  const prepared = await prepareStudy(await plan(["ml"], { dataset: few }));
  const [{ model, modelName, layout }] = [...prepared.benches.values()];
  await closeStudy(prepared);
  const network = { modelName, layers: model.layers!, layout, inputs: model.inputs };
  const { linear } = network.layers;
  const normalized = linear.slice(0, -1); // all but the last layer
  const means = normalized.reduce((sum, { ins, outs }) => sum + ins + outs, 0);
  const last = linear.at(-1)!.ins + linear.at(-1)!.outs;
  const sent = (...names: string[]) => {
    const chain = names.map((name) => ({ name, power: "sent" }));
    return sum(refinementVectorsSent(chain, network));
  };
  expect(normalized).toHaveLength(9);
  expect(sent("batch-norm-recalibrate")).toBe(0);
  expect(sent("batch-norm-datafree")).toBe(means + 9);
  // And a variance ratio of every output, and what the pixels of one channel are like.
  const ratios = normalized.reduce((sum, { outs }) => sum + outs, 0);
  expect(sent("batch-norm-probe")).toBe(means + 9 + ratios + 2);
  expect(sent("bias-correct")).toBe(means + last);
  expect(sent("batch-norm-datafree", "bias-correct")).toBe(means + 9 + last);
  expect(sent("scale-match")).toBe(10);
  const chain = [
    { name: "scale-match", power: "sent" },
    { name: "batch-norm-recalibrate", images: 30 },
  ];
  expect(refinementsInWords(chain, [network])).toEqual([
    "30 unlabelled images",
    "layer statistics, sent (10 numbers)",
  ]);
  expect(refinementsInWords([{ name: "batch-norm-datafree" }], [network])).toEqual([
    "noise variance",
    `layer statistics, sent (${means + 9} numbers)`,
  ]);
  const estimated = { name: "scale-match", power: "estimated" };
  expect(refinementsInWords([estimated], [network])).toEqual(["noise variance"]);
});

test("numbers arrive rounded, and cost the bits that they are rounded to", async () => {
  const chain = [["ml", "batch-norm-datafree", "bias-correct"]];
  const costAt = async (statisticsBits: number) => {
    const planned = await plan(chain, { dataset: few, transmitter: { statisticsBits } });
    const prepared = await prepareStudy(planned);
    const [bench] = [...prepared.benches.values()];
    const { moments } = announced(bench, statisticsBits);
    let sideBits = 0;
    await runStudy(prepared, new Schedule(1, planned.study.trials), {
      onTrial: ({ results }) => {
        sideBits = results[0].sideBits;
      },
    });
    await closeStudy(prepared);
    return { sideBits, exact: bench.moments!, moments: moments! };
  };
  const coarse = await costAt(6);
  const fine = await costAt(32);
  // 10 layers with a vector of input means and one of output means, 9 of them with a variance too.
  const numbers = fine.sideBits / 32;
  expect(coarse.sideBits).toBe(6 * numbers + 8 * (2 * 10 + 9));
  fine.moments.forEach((moments, l) => {
    expect([...moments!.inputMean]).toEqual([...fine.exact[l]!.inputMean]);
    const most = Math.max(...fine.exact[l]!.inputMean.map(Math.abs));
    const errors = coarse.moments[l]!.inputMean.map((m, i) => Math.abs(m - moments!.inputMean[i]));
    expect(Math.max(...errors)).toBeGreaterThan(0);
    expect(Math.max(...errors)).toBeLessThanOrEqual(most / 31);
  });
});

test("a network without batch normalization is refused with what it has instead", async () => {
  const g = new OnnxGraphBuilder("norm");
  const x = g.input("x", [null, 784]);
  const w = g.initializer("w", [784, 10], new Float32Array(7840).fill(0.01));
  const gamma = g.initializer("gamma", [10], new Float32Array(10).fill(1));
  g.output(g.node("LayerNormalization", [g.node("MatMul", [x, w]), gamma], {}, "y"), [null, 10]);
  const path = join(folderWith({ "net.onnx": g.build() }), "net.onnx");
  const refuses = async (name: string, message: string) =>
    expect(
      prepareStudy(await plan([["ml", name]], { model: { path }, dataset: few })),
    ).rejects.toThrow(message);
  await refuses(
    "batch-norm-recalibrate",
    "batch-norm-recalibrate cannot work on net.onnx, which has no BatchNormalization operator with running statistics (its LayerNormalization takes its statistics from each example, so nothing has to be recalibrated)",
  );
  await refuses(
    "batch-norm-datafree",
    "batch-norm-datafree cannot work on net.onnx, which has no BatchNormalization",
  );
  await refuses(
    "batch-norm-probe",
    "batch-norm-probe cannot work on net.onnx, which has no BatchNormalization",
  );
  await refuses(
    "bias-correct",
    "bias-correct cannot work on net.onnx, which has no layer with travelling weights",
  );
  await closeStudy(
    await prepareStudy(await plan([["ml", "scale-match"]], { model: { path }, dataset: few })),
  );
});

test("random images tell more of the variances than the mean over the noise does", async () => {
  const probed = ["ml", "batch-norm-probe"];
  const expected = ["ml", "batch-norm-datafree"];
  const { rows } = await run([expected, probed], {
    channel: { name: "awgn", snrDb: 1 },
    trials: 24,
  });
  const accuracies = (receiver: string[]) =>
    rows.filter((row) => row.label === receiver.join(" + ")).map(({ accuracy }) => accuracy);
  const differences = accuracies(probed).map((a, trial) => a - accuracies(expected)[trial]);
  const standardError = standardDeviation(differences) / Math.sqrt(differences.length);
  expect(mean(differences)).toBeGreaterThan(2 * standardError);
});

test("random images need a network that takes images", async () => {
  const g = new OnnxGraphBuilder("flat");
  const x = g.input("x", [null, 784]);
  const y = g.node("MatMul", [x, g.initializer("w", [784, 10], new Float32Array(7840).fill(0.01))]);
  const parts = [1, 0, 0, 1].map((v, i) =>
    g.initializer(`p${i}`, [10], new Float32Array(10).fill(v)),
  );
  g.output(g.node("BatchNormalization", [y, ...parts], {}, "z"), [null, 10]);
  const path = join(folderWith({ "net.onnx": g.build() }), "net.onnx");
  await expect(
    prepareStudy(await plan([["ml", "batch-norm-probe"]], { model: { path }, dataset: few })),
  ).rejects.toThrow(
    "batch-norm-probe cannot work on net.onnx, which takes [?, 784] of float32, not images [?, channels, rows, columns] of float32",
  );
});
