import { diffText } from "../report/diff-text.js";
import { readRun } from "../study/assemble.js";
import { diffRuns } from "../study/diff.js";

export interface DiffArguments {
  readonly runA: string;
  readonly runB: string;
  readonly json: boolean;
}

/** `weightlink diff`: what two runs were asked and what came out, where they differ. */
export async function diff({ runA, runB, json }: DiffArguments): Promise<void> {
  const a = { name: runA, run: await readRun(runA) };
  const b = { name: runB, run: await readRun(runB) };
  const found = diffRuns(a.run, b.run);
  process.stdout.write(
    json ? `${JSON.stringify({ a: runA, b: runB, ...found }, null, 2)}\n` : diffText(a, b, found),
  );
}
