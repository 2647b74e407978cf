import { counted, trialsText } from "../report/wording.js";
import { loadScenario } from "../scenario/load.js";
import { closeStudy, prepareStudy } from "../study/study.js";

export interface ValidateArguments {
  readonly scenario: string;
  readonly set: readonly string[];
  readonly seed?: number | undefined;
  readonly yes: boolean;
}

/** `weightlink validate`: all checks of a run, and none of its trials. */
export async function validate(args: ValidateArguments): Promise<void> {
  const plan = await loadScenario(args.scenario, {
    overrides: args.set,
    seed: args.seed,
    yes: args.yes,
  });
  const prepared = await prepareStudy(plan);
  const lines = [`${plan.file}: valid`];
  for (const axis of plan.axes) lines.push(`  ${axis.path}: ${axis.values.join(", ")}`);
  lines.push(`  ${counted(plan.points.length, "point")} x ${trialsText(plan.study.trials)}`);
  for (const bench of prepared.benches.values()) {
    const clean = ((100 * bench.cleanCorrect) / bench.test.count).toFixed(2);
    lines.push(
      `  ${bench.modelName}: ${bench.layout.size.toLocaleString("en")} weights in ${bench.layout.entries.length} tensors travel; ` +
        `clean ${bench.cleanCorrect} of ${bench.test.count} correct (${clean} %), ${bench.scorer.runtime}`,
    );
  }
  await closeStudy(prepared);
  process.stdout.write(`${lines.join("\n")}\n`);
}
