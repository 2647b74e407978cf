import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openPool } from "../../src/study/pool.js";
import type { Job } from "../../src/study/trial.js";
import { folderWith } from "../files/temporary-folder.js";

/** A worker whose jobs do as their number says; `lives` counts how often each was begun. */
const worker = `
  import { workerData } from "node:worker_threads";
  export default async function run({ trial }) {
    const { lives, faults } = workerData[1] ?? workerData;
    const life = Atomics.add(lives, trial, 1);
    const fault = faults[trial];
    if (fault === "dies once" && life === 0) process.exit(7);
    if (fault === "dies always") process.exit(7);
    if (fault === "throws") throw new RangeError("no such weight");
    if (fault === "outgrows its heap once" && life === 0) {
      const kept = [];
      for (;;) kept.push(new Array(10000).fill(life + kept.length));
    }
    if (fault === "no memory for tensors once" && life === 0) throw new Error("std::bad_alloc");
    return { trial, life };
  }`;

async function runAll(faults: readonly string[], workers = 2) {
  const lives = new Int32Array(new SharedArrayBuffer(4 * faults.length));
  const deaths: string[] = [];
  const pool = openPool<{ trial: number; life: number }>({
    workers,
    module: join(folderWith({ "worker.mjs": worker }), "worker.mjs"),
    data: { lives, faults },
    heapMiB: 32,
    onDeath: (text) => void deaths.push(text),
  });
  const jobs: Job[] = faults.map((_, trial) => ({ point: 3, trial }));
  const outcomes = await Promise.allSettled(jobs.map((job) => pool.run(job)));
  await pool.close();
  return { outcomes, deaths, lives: [...lives] };
}

describe("a worker that ends in the middle of a job", () => {
  test.each([
    ["dies once", /^a worker ended during trial 1 of point 3 \(worker exited with code: 7\)/],
    ["outgrows its heap once", /^a worker ended during trial 1 of point 3 \(out of memory\)/],
    ["no memory for tensors once", /^a worker ended during trial 1 of point 3 \(out of memory\)/],
  ])("%s: the job runs again, and every other once", async (fault, message) => {
    const { outcomes, deaths, lives } = await runAll(["", fault, "", "", ""]);
    expect(outcomes.map((o) => o.status)).toEqual(Array(5).fill("fulfilled"));
    expect(outcomes[1]).toMatchObject({ value: { trial: 1, life: 1 } });
    expect(deaths).toEqual([expect.stringMatching(message)]);
    expect(lives).toEqual([1, 2, 1, 1, 1]);
  });

  test("a job that ends three workers is an error, and says what to try", async () => {
    const { outcomes, deaths, lives } = await runAll(["", "dies always", ""]);
    expect(outcomes.map((o) => o.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(String((outcomes[1] as PromiseRejectedResult).reason)).toMatch(
      /trial 1 of point 3 has ended 3 workers .* try fewer --workers/,
    );
    expect(deaths).toHaveLength(2);
    expect(lives).toEqual([1, 3, 1]);
  });
});

test("a job that throws is not run again", async () => {
  const { outcomes, deaths, lives } = await runAll(["", "throws"]);
  expect(outcomes[1]).toMatchObject({ status: "rejected", reason: { message: "no such weight" } });
  expect(deaths).toEqual([]);
  expect(lives).toEqual([1, 1]);
});
