/** A made-up run in a store, as a study would have left it. */
import { mkdirSync } from "node:fs";
import type { RunResult } from "../../src/study/results.js";
import { RunStore } from "../../src/study/store.js";

export async function storeRun(folder: string, run: RunResult): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const store = await RunStore.create(folder, run);
  for (const session of run.sessions) await store.startSession(session);
  const transmissions = new Set(run.trials.map((t) => `${t.point} ${t.trial}`));
  for (const key of transmissions) {
    const results = run.trials.filter((t) => `${t.point} ${t.trial}` === key);
    const { point, trial, snrDb, wnrDb, airtimeS, energy, packets } = results[0];
    await store.record({
      point,
      trial,
      results,
      sent: { snrDb, wnrDb, airtimeS, energy, packets },
      notes: [],
      timeline: run.timelines.find((t) => t.point === point && t.trial === trial),
      elapsedS: 1,
    });
  }
  for (const event of run.events) await store.addEvent(event);
  await store.endSession(new Date());
  store.close();
}
