import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.js";
import { loadScenario } from "../../src/scenario/load.js";
import { folderWith } from "../files/temporary-folder.js";

const base = `
model: { name: glyphs-resnet }
dataset: { name: glyphs }
channel: { name: awgn, wnrDb: 6 }
receivers: [ml]
`;

function load(text: string, overrides: string[] = [], yes = false) {
  const folder = folderWith({ "s.yaml": text });
  return loadScenario(join(folder, "s.yaml"), { overrides, yes });
}

const parameters = async (text: string, overrides: string[] = []) =>
  (await load(text, overrides)).points.map((p) => p.parameters);

describe("points", () => {
  test("no sweep is one point, with defaults filled in", async () => {
    const plan = await load(base);
    expect(plan.points).toHaveLength(1);
    expect(plan.study).toMatchObject({
      seed: 1,
      trials: { min: 10, max: 10 },
      commonNoise: true,
      threads: 0,
    });
    expect(plan.points[0].settings).toMatchObject({
      transmitter: { mapping: "real", packetSymbols: 4096, symbolRateHz: 1e6 },
      model: { travel: { include: ["*"], exclude: [], normalization: false } },
      receivers: [{ name: "ml", choose: "validation", kappa: 100 }],
    });
  });

  test("sweeps make a cross product, the first parameter slowest", async () => {
    const text = `${base}
sweep:
  channel.wnrDb: 0:5:5
  transmitter.mapping: [real, iq]`;
    expect(await parameters(text)).toEqual([
      { "channel.wnrDb": 0, "transmitter.mapping": "real" },
      { "channel.wnrDb": 0, "transmitter.mapping": "iq" },
      { "channel.wnrDb": 5, "transmitter.mapping": "real" },
      { "channel.wnrDb": 5, "transmitter.mapping": "iq" },
    ]);
  });

  test("zip walks lists in parallel, and crosses with sweeps and other groups", async () => {
    const text = `${base}
sweep: { channel.wnrDb: [1, 2] }
zip:
  transmitter.packetSymbols: [100, 200]
  transmitter.symbolRateHz: [1 kHz, 2 kHz]`;
    expect((await parameters(text)).map((p) => Object.values(p))).toEqual([
      [1, 100, 1000],
      [1, 200, 2000],
      [2, 100, 1000],
      [2, 200, 2000],
    ]);
    const groups = `${base}
zip:
  - { channel.wnrDb: [1, 2] }
  - { transmitter.mapping: [iq, real], transmitter.packetSymbols: [5, 6] }`;
    expect(await parameters(groups)).toHaveLength(4);
  });

  test("lists and maps keep all that tells them apart; maps go by their names where that does", async () => {
    const code = (rate: number) =>
      `[{ name: pruning, keep: 0.5, scope: tensor }, { name: power-allocation, by: variance }, { name: linear-code, rate: ${rate} }]`;
    const text = `${base}
zip:
  transmitter.code: [${code(1)}, ${code(0.25)}, []]
  channel.wnrDb: [6, 7, 8]`;
    const codes = (await parameters(text)).map((p) => JSON.parse(String(p["transmitter.code"])));
    expect(codes.map((chain) => chain.at(-1)?.rate)).toEqual([1, 0.25, undefined]);

    const fading = base.replace("awgn, wnrDb: 6", "block-fading, coherenceS: 1e-3, snrDb: 6");
    const known = async (...entries: string[]) =>
      (await parameters(`${fading}sweep: { channel.knowledge: [${entries.join(", ")}] }`)).map(
        (p) => p["channel.knowledge"],
      );
    const pilots = (spacing: number) => `{ name: pilots, spacing: ${spacing} }`;
    expect(await known(pilots(10), "perfect")).toEqual(["pilots", "perfect"]);
    const [a, b, perfect] = await known(pilots(10), pilots(20), "perfect");
    expect(JSON.parse(String(a))).toMatchObject({ name: "pilots", spacing: 10 });
    expect(JSON.parse(String(b))).toMatchObject({ name: "pilots", spacing: 20 });
    expect(perfect).toBe("perfect");
  });

  test("constraints drop points", async () => {
    const text = `${base}
sweep: { channel.wnrDb: 0:1:9, transmitter.mapping: [real, iq] }
constraints:
  - channel.wnrDb < 3
  - transmitter.mapping == "iq" or channel.wnrDb == 0`;
    expect((await parameters(text)).map((p) => Object.values(p))).toEqual([
      [0, "real"],
      [0, "iq"],
      [1, "iq"],
      [2, "iq"],
    ]);
  });

  test("values with units and spaced ranges become numbers; titles carry units", async () => {
    const plan = await load(`${base}
sweep:
  transmitter.symbolRateHz: [10 kHz, 1 MHz]
  channel.wnrDb: linspace(0, 1, 3)`);
    expect(plan.axes).toEqual([
      { path: "transmitter.symbolRateHz", title: "Symbol rate [Hz]", values: [1e4, 1e6] },
      { path: "channel.wnrDb", title: "WNR [dB]", values: [0, 0.5, 1] },
    ]);
  });

  test("a receiver's parameter goes by the receiver's name or number", async () => {
    const text = `
model: { name: glyphs-resnet }
dataset: { name: glyphs }
channel: { name: awgn, wnrDb: 6 }
receivers: [ml, mmse-pb]
sweep: { receivers.mmse-pb.lambda: [0.9, 1], receivers.1.beta: [-1] }`;
    const plan = await load(text);
    expect(plan.points.map((p) => p.settings.receivers[1])).toMatchObject([
      { lambda: [0.9], beta: [-1] },
      { lambda: [1], beta: [-1] },
    ]);
    expect(plan.points[0].parameters).toEqual({
      "receivers.mmse-pb.lambda": 0.9,
      "receivers.1.beta": -1,
    });
  });
});

describe("overrides and paths", () => {
  test("--set replaces a value, a sweep, or adds one", async () => {
    const swept = `${base}\nsweep: { channel.wnrDb: 0:1:3 }`;
    expect(await parameters(swept, ["channel.wnrDb=7"])).toEqual([{}]);
    expect((await load(swept, ["channel.wnrDb=7"])).points[0].settings.channel).toMatchObject({
      wnrDb: 7,
    });
    expect(await parameters(swept, ["sweep.channel.wnrDb=[1,2]"])).toHaveLength(2);
    expect(await parameters(base, ["sweep.transmitter.mapping=[iq]", "trials=2"])).toHaveLength(1);
    expect((await load(base, ["trials=2", "receivers.ml.label=plain"])).study.trials.max).toBe(2);
  });

  test("file paths start at the scenario's folder, those of --set where one types", async () => {
    const folder = folderWith({
      "s.yaml": base.replace("name: glyphs-resnet", "path: m/net.onnx"),
    });
    const fromFile = await loadScenario(join(folder, "s.yaml"));
    expect(fromFile.points[0].settings.model.path).toBe(join(folder, "m/net.onnx"));
    const typed = await loadScenario(join(folder, "s.yaml"), {
      overrides: ["model.path=net.onnx"],
    });
    expect(typed.points[0].settings.model.path).toBe(resolve("net.onnx"));
  });

  test("a TypeScript scenario is the same thing", async () => {
    const folder = folderWith({
      "s.ts": `export default {
        model: { name: "glyphs-resnet" as const }, dataset: { name: "glyphs" },
        channel: { name: "awgn", wnrDb: 6 }, receivers: ["ml"] };`,
    });
    const fromTs = await loadScenario(join(folder, "s.ts"), { overrides: ["trials=3"] });
    const fromYaml = await load(base, ["trials=3"]);
    expect(fromTs.points).toEqual(fromYaml.points);
    expect(fromTs.study).toEqual(fromYaml.study);
  });
});

describe("bad scenarios: file, key, rule, value, nearest name", () => {
  const cases: [string, string, string[], RegExp][] = [
    [
      "unknown key",
      `${base}\nchanel: 1`,
      [],
      /s\.yaml: unknown key "chanel"; did you mean "channel"\?/,
    ],
    [
      "unknown inner key",
      base.replace("wnrDb: 6", "wnrDB: 6"),
      [],
      /channel: unknown key "wnrDB"; did you mean "wnrDb"\?/,
    ],
    [
      "misspelled channel",
      base.replace("awgn", "agwn"),
      [],
      /channel\.name: unknown channel "agwn"; did you mean "awgn"\? known: awgn, .*recorded/,
    ],
    [
      "misspelled estimator",
      base.replace("[ml]", "[mmse-bp]"),
      [],
      /receivers\.0\.name: unknown receiver "mmse-bp"; did you mean "mmse-pb"\?/,
    ],
    [
      "estimator for a refinement",
      base.replace("[ml]", "[[ml, mmse]]"),
      [],
      /receivers\.0\.refine\.0\.name: unknown refinement "mmse"; known: batch-norm-datafree,/,
    ],
    [
      "refinements that are no list, before more of them",
      base.replace("[ml]", "[[{ name: ml, refine: scale-match }, batch-norm-datafree]]"),
      [],
      /receivers\.0\.refine must be a list, got "scale-match"/,
    ],
    [
      "misspelled code",
      base,
      ["transmitter.code=[linear-cod]"],
      /transmitter\.code\.0\.name: unknown code "linear-cod"; did you mean "linear-code"\?/,
    ],
    [
      "group that is no word",
      base.replace("[ml]", "[{ name: mmse-pb, groups: { a.b: { tensors: [fc.*] } } }]"),
      [],
      /receivers\.0\.groups: the name "a\.b" must be letters, digits and underscores/,
    ],
    [
      "number where a list of them may stand",
      base,
      ["receivers=[{ name: svd-shrinkage, strength: 1.5 }]"],
      /receivers\.0\.strength must be <= 1, got 1\.5$/,
    ],
    [
      "one of a list of numbers",
      base,
      ["receivers=[{ name: svd-shrinkage, strength: [0.2, 1.5] }]"],
      /receivers\.0\.strength\.1 must be <= 1, got 1\.5$/,
    ],
    [
      "misspelled model",
      base.replace("glyphs-resnet", "glyph-resnet"),
      [],
      /model\.name must be one of glyphs-resnet, got "glyph-resnet" \(did you mean "glyphs-resnet"\?\)/,
    ],
    [
      "misspelled data set",
      base.replace("name: glyphs }", "name: cifar }"),
      [],
      /dataset\.name: unknown dataset "cifar"; did you mean "cifar10"\?/,
    ],
    [
      "text for a number",
      base.replace("wnrDb: 6", "wnrDb: ten"),
      [],
      /channel\.wnrDb must be a finite number \[dB\], got "ten"/,
    ],
    [
      "wrong unit",
      base,
      ["transmitter.symbolRateHz=3 ms"],
      /transmitter\.symbolRateHz must be a finite number \[Hz\], got "3 ms" \(it is not a quantity in Hz\)/,
    ],
    [
      "infinite",
      base.replace("wnrDb: 6", "wnrDb: .inf"),
      [],
      /channel\.wnrDb must be a finite number.*Infinity/,
    ],
    ["no noise level", base.replace(", wnrDb: 6", ""), [], /channel needs snrDb, wnrDb or budget/],
    [
      "two noise levels",
      base,
      ["channel.snrDb=3"],
      /channel takes one of snrDb, wnrDb and budget, not several/,
    ],
    [
      "missing channel",
      base.replace(/channel:.*\n/, ""),
      [],
      /channel is missing: name one of awgn, .*recorded/,
    ],
    [
      "channel without a name",
      base.replace("name: awgn, ", ""),
      [],
      /channel\.name is missing: it must be one of awgn/,
    ],
    [
      "no receivers",
      base.replace("[ml]", "[]"),
      [],
      /receivers must have at least 1 entry, got \[\]/,
    ],
    [
      "same label twice",
      base.replace("[ml]", "[ml, ml]"),
      [],
      /receivers\.1\.label must differ from the other receivers' labels; "ml" is there already, so give one of them a label of its own$/m,
    ],
    [
      "no model",
      base.replace("name: glyphs-resnet", ""),
      [],
      /model needs the path of a model file \(--set model\.path=FILE\) or the name of an embedded model/,
    ],
    ["zero trials", base, ["trials=0"], /trials must be > 0, got 0/],
    ["half a trial", base, ["trials=1.5"], /trials must be a whole number/],
    [
      "empty list",
      `${base}\nsweep: { channel.wnrDb: [] }`,
      [],
      /sweep\.channel\.wnrDb is an empty sweep/,
    ],
    [
      "empty range",
      `${base}\nsweep: { channel.wnrDb: 5:1:0 }`,
      [],
      /sweep\.channel\.wnrDb must be a list or a range .*got "5:1:0" \(it is empty/,
    ],
    [
      "sweep of nothing",
      `${base}\nsweep: { chanel.wnrDb: [1] }`,
      [],
      /names a parameter in model, dataset, .* got "chanel\.wnrDb" \(did you mean "channel"\?\)/,
    ],
    [
      "sweep with a bad value",
      `${base}\nsweep: { channel.wnrDb: [1, ten] }`,
      [],
      /\(at channel\.wnrDb = "ten"\): channel\.wnrDb must be a finite number \[dB\], got "ten"/,
    ],
    [
      "unequal zip",
      `${base}\nzip: { channel.wnrDb: [1, 2], transmitter.packetSymbols: [1] }`,
      [],
      /zip\.0 needs lists of equal length, got channel\.wnrDb: 2, transmitter\.packetSymbols: 1/,
    ],
    [
      "swept twice",
      `${base}\nsweep: { channel.wnrDb: [1] }\nzip: { channel.wnrDb: [1] }`,
      [],
      /channel\.wnrDb is varied twice/,
    ],
    [
      "constraint on nothing",
      `${base}\nconstraints: [channel.wnr > 1]`,
      [],
      /constraints\.0 must be a condition on parameters, got "channel\.wnr > 1"/,
    ],
    [
      "constraint with code",
      `${base}\nconstraints: ['import("fs") == 1']`,
      [],
      /constraints\.0 must be a condition .*may not contain/,
    ],
    [
      "constraints that leave nothing",
      `${base}\nconstraints: [channel.wnrDb > 100]`,
      [],
      /constraints leave no point/,
    ],
    [
      "a million points",
      `${base}\nsweep: { channel.wnrDb: 1:1:1000000 }`,
      [],
      /1,000,000 points x 10 trials = 10,000,000 trials; more than 10,000 need --yes/,
    ],
    [
      "too many to hold",
      `${base}\nsweep: { channel.wnrDb: 1:1:100000, transmitter.packetSymbols: 1:1:100000 }`,
      [],
      /10,000,000,000 points/,
    ],
    ["not YAML", "a: [1", [], /s\.yaml: not valid YAML/],
    ["a list", "- 1", [], /must be a map of keys/],
    ["nothing", "", [], /must be a map of keys/],
    ["malformed --set", base, ["trials"], /--set must be path\.to\.key=value, got "trials"/],
    [
      "--set into nothing",
      base,
      ["receivers.mmse.label=x"],
      /there is no receivers\.mmse\.label in the scenario: unknown entry "mmse"; known: ml$/m,
    ],
    [
      "sweep of a receiver that is misspelled",
      base.replace("[ml]", "[ml, { name: mmse-pb, label: pb fixed }]"),
      ["sweep={ receivers.pb fixd.lambda: [0, 1] }"],
      /sweep: there is no receivers\.pb fixd\.lambda in this scenario: unknown entry "pb fixd"; did you mean "pb fixed"\? known: ml, pb fixed/,
    ],
  ];
  test.each(cases)("%s", async (_name, text, overrides, message) => {
    const error = await load(text, overrides).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(message);
  });

  test("--yes allows many trials", async () => {
    expect((await load(base, ["trials=20000"], true)).study.trials.max).toBe(20_000);
    await expect(load(base, ["trials=20000"])).rejects.toThrow(/need --yes/);
  });

  test("other file types, and files that are not there", async () => {
    const folder = folderWith({ "s.txt": base, "s.ts": "export const x = 1;" });
    await expect(loadScenario(join(folder, "s.txt"))).rejects.toThrow(/a scenario is a \.yaml/);
    await expect(loadScenario(join(folder, "s.ts"))).rejects.toThrow(/must export a scenario/);
    await expect(loadScenario(join(folder, "none.yaml"))).rejects.toThrow(
      /none\.yaml: cannot be read/,
    );
  });

  test("a key cannot reach the prototype", async () => {
    await expect(load(base, ["__proto__.polluted=1"])).rejects.toThrow(InputError);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
