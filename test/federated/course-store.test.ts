import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { benchKey } from "../../src/federated/bench.js";
import { coursePath, readCourse, writeCourse } from "../../src/federated/course-store.js";
import type { CourseName } from "../../src/federated/history.js";
import { coursesOf, prepareFederated, runFederated } from "../../src/federated/study.js";
import { folderWith } from "../files/temporary-folder.js";
import { planOf } from "./fixture.js";

/** Runs in a folder, stopping after so many rounds of this session. */
async function runIn(
  folder: string,
  overrides: readonly string[],
  rounds = Infinity,
): Promise<number> {
  const plan = await planOf(...overrides);
  const prepared = await prepareFederated(plan);
  const whole = ({ point }: CourseName) =>
    prepared.benches.get(benchKey(plan.points[point].settings))!.whole;
  const end = new AbortController();
  let done = 0;
  await runFederated(prepared, {
    signal: end.signal,
    stored: (name) => readCourse(folder, name, whole(name)),
    onRound: async (name, course) => {
      await writeCourse(folder, name, whole(name), course);
      if (++done === rounds) end.abort(new Error("enough"));
    },
  }).catch((error: Error) => {
    if (error.message !== "enough") throw error;
  });
  return done;
}

describe("a training that is stopped after every round and gone on with", () => {
  test.each([
    ["error memory of an uplink", ["uplink=ncair", "uplink.deviceSnrDb=10"]],
    [
      "fading, stragglers and a choice",
      [
        "uplink={ name: oac-fading, snrDb: 0, threshold: 0.2 }",
        "devices.speed={ name: lognormal, per: round, sigma: 1 }",
        "devices.deadlineS=0.1",
        "receivers=[{ name: mmse-pb, lambda: [0.85, 1], beta: 0, kappa: 20 }, ml]",
      ],
    ],
  ])("leaves the same bytes: %s", async (_, overrides) => {
    const [straight, broken] = [folderWith({}), folderWith({})];
    for (const folder of [straight, broken]) mkdirSync(join(folder, "courses"));
    await runIn(straight, overrides);
    let sessions = 0;
    while ((await runIn(broken, overrides, 1)) > 0) sessions++;
    const names = coursesOf(await planOf(...overrides));
    // The model before the first round, and 4 rounds.
    expect(sessions).toBe(5 * names.length);
    for (const name of names) {
      const [a, b] = [straight, broken].map((folder) => readFileSync(coursePath(folder, name)));
      expect(a.equals(b)).toBe(true);
    }
  });
});

describe("a file that is not a training", () => {
  test("is refused with its path", async () => {
    const folder = folderWith({});
    mkdirSync(join(folder, "courses"));
    const name = { point: 0, trial: 0, receiver: 0 };
    const path = coursePath(folder, name);
    const layout = { entries: [], size: 0 };
    expect(readCourse(folder, name, layout)).toBeUndefined();
    writeFileSync(path, "nothing");
    expect(() => readCourse(folder, name, layout)).toThrow(
      `${path}: not a safetensors file: 7 bytes do not hold a header`,
    );
    const shape = [2];
    const entry = { name: "w", shape, size: 2, offset: 0, role: "weight" } as const;
    const state = { model: Float32Array.of(1, 2), records: [], notes: [], memory: new Map() };
    await writeCourse(folder, name, { entries: [entry], size: 2 }, state);
    expect(readCourse(folder, name, { entries: [entry], size: 2 })!.model).toEqual(state.model);
    expect(() => readCourse(folder, name, { entries: [{ ...entry, size: 3 }], size: 3 })).toThrow(
      `${path}: must hold 3 values of the tensor "w", got 2`,
    );
  });
});
