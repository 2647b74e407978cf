import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { prepareFederated } from "../../src/federated/study.js";
import { loadFederated } from "../../src/scenario/load-federated.js";
import { folderWith } from "../files/temporary-folder.js";
import { planOf, quick } from "./fixture.js";

const refusal = async (...overrides: string[]) =>
  prepareFederated(await planOf(...overrides)).then(
    () => "no error",
    (error: Error) => error.message,
  );
const loadError = (...overrides: string[]) =>
  planOf(...overrides).then(
    () => "no error",
    (error: Error) => error.message,
  );

describe("a scenario is refused where", () => {
  test.each([
    ["devices.active=7", "devices.active must be at most devices.count, got 7"],
    ["devices.activ=2", 'devices: unknown key "activ"; did you mean "active"?'],
    ["uplink=oacc", 'uplink.name: unknown uplink "oacc"; did you mean "oac"?'],
    ["partition=dirichlet", "partition.alpha is missing"],
    ["partition=idd", 'partition.name: unknown partition "idd"; did you mean "iid"?'],
    ["devices.speed=fast", 'devices.speed.name: unknown speed "fast"'],
    ["receivers=[ml, ml]", "receivers.1.label must differ from the other receivers' labels"],
    [
      "receivers=[{ name: mmse, prior: sent }]",
      'receivers.0.prior must be estimated or genie in federated training, where nobody can send the moments of a sum, got "sent"',
    ],
    [
      "receivers=[quantized-posterior]",
      'receivers.0.name must be an estimator that needs no cells of a converter, which no uplink gives, got "quantized-posterior"',
    ],
    ["receivers=[{ name: ml, refine: [scale-match] }]", 'receivers.0: unknown key "refine"'],
    ["kind=inference", "kind is inference, which weightlink run runs"],
    ["training.rounds=0", "training.rounds must be > 0, got 0"],
    ["threads=0", "threads must be > 0, got 0"],
    ["analysis.baseline=mmse", 'analysis.baseline: unknown receiver "mmse"'],
    ["sweep={ seed: [1, 2] }", "sweep.seed: a sweep names a parameter in model, dataset, devices"],
    ["round=3", "there is no"],
  ])("%s", async (override, message) => {
    const got = await loadError(override);
    if (override === "round=3") expect(got).toContain('unknown key "round"');
    else expect(got).toContain(`${quick}: ${message}`);
  });

  test.each([
    [
      "partition={ name: shards, classesPerDevice: 1 }",
      "partition.shards: classesPerDevice must be at least 2, so that 6 devices have room for 10 classes, got 1",
    ],
    [
      "receivers=[{ name: mmse-pb, lambda: [0.9, 1], kappa: 41 }]",
      "receivers.mmse-pb.kappa must be at most the 40 validation images, got 41",
    ],
    [
      "server.evaluateImages=61",
      "server.evaluateImages must be at most the 60 test images, got 61",
    ],
    ["model.travel.include=[fc9*]", 'model.travel.include: no tensor of the model matches "fc9*"'],
    [
      "receivers=[{ name: mmse-pb, groups: { first: { tensors: [conv1], lambda: 1 } } }]",
      'receivers.mmse-pb.groups.first.tensors: no tensor that is sent matches "conv1"',
    ],
    [
      "training.augmentation=[{ name: random-crop, padding: 99 }]",
      "training.augmentation.random-crop: padding must be below the images' 28 pixels, got 99",
    ],
  ])("%s", async (override, message) => {
    expect(await refusal(override)).toContain(message);
  });

  test("a choice needs validation images, and server.validationImages sets some aside", async () => {
    const images = new Uint8Array(16 + 40 * 4);
    new DataView(images.buffer).setUint32(0, 0x803);
    [40, 2, 2].forEach((n, i) => {
      new DataView(images.buffer).setUint32(4 + 4 * i, n);
    });
    const labels = new Uint8Array(8 + 40).fill(0);
    new DataView(labels.buffer).setUint32(0, 0x801);
    new DataView(labels.buffer).setUint32(4, 40);
    for (let i = 0; i < 40; i++) labels[8 + i] = i % 2;
    const path = folderWith({ images, labels });
    const split = (from: number, to: number) =>
      `{ images: images, labels: labels, range: [${from}, ${to}] }`;
    const overrides = [
      `dataset={ name: idx, path: ${path}, classes: 2, train: ${split(0, 30)}, test: ${split(30, 40)} }`,
      "devices.count=2",
      "devices.active=1",
      "training.batch=2",
      "receivers=[{ name: mmse-pb, lambda: [0.9, 1], kappa: 5 }]",
    ];
    expect(await refusal(...overrides)).toBe(
      "receivers.mmse-pb: chooses its setting on validation images, and the data set has none apart from the training images; server.validationImages sets some of these aside",
    );
    expect(await refusal(...overrides, "server.validationImages=30")).toBe(
      "server.validationImages must be below the 30 training images, got 30",
    );
    const plan = await planOf(...overrides, "server.validationImages=6");
    const [bench] = (await prepareFederated(plan)).benches.values();
    const parts = bench.partition(0, plan.points[0].settings);
    expect(bench.validation!.count).toBe(6);
    expect(parts.map(({ length }) => length)).toEqual([12, 12]);
    expect(new Set(parts.flatMap((part) => [...part])).size).toBe(24);
  });
});

test("a prior is estimated where nothing is said, and a whole uplink can be swept under its name", async () => {
  const plan = await planOf(
    "receivers=[mmse]",
    "sweep={ uplink: [ideal, { name: oac, snrDb: 3, label: loud }] }",
  );
  expect(plan.points.map(({ parameters }) => parameters)).toEqual([
    { uplink: "ideal" },
    { uplink: "loud" },
  ]);
  expect(plan.points[0].settings.receivers[0]).toMatchObject({ name: "mmse", prior: "estimated" });
});

test("overrides reach into short forms", async () => {
  const plan = await loadFederated(quick, {
    overrides: ["uplink=ideal", "uplink.symbolRateHz=5 MHz", "devices.speed=constant"],
  });
  expect(plan.points[0].settings.uplink).toMatchObject({ name: "ideal", symbolRateHz: 5e6 });
});

const shipped = fileURLToPath(new URL("../../scenarios/federated/", import.meta.url));
test.each(readdirSync(shipped))("scenarios/federated/%s is valid", async (name) => {
  expect((await loadFederated(`${shipped}${name}`)).points.length).toBeGreaterThan(1);
});
