import { counted, trialsText } from "../report/wording.js";
import { loadScenario } from "../scenario/load.js";
import { loadTraining } from "../scenario/load-training.js";
import { kindOf, readScenario } from "../scenario/read.js";
import { closeStudy, prepareStudy } from "../study/study.js";
import { openTrainingBench } from "../training/bench.js";
import { benchText } from "./train-voice.js";

export interface ValidateArguments {
  readonly scenario: string;
  readonly set: readonly string[];
  readonly seed?: number | undefined;
  readonly yes: boolean;
}

/** `weightlink validate`: all checks of a run or a training, and none of its trials or steps. */
export async function validate(args: ValidateArguments): Promise<void> {
  const { data } = await readScenario(args.scenario);
  const isTraining = kindOf(data, args.scenario) === "training";
  const lines = isTraining ? await checkTraining(args) : await checkStudy(args);
  process.stdout.write(`${args.scenario}: valid\n${lines.map((line) => `  ${line}\n`).join("")}`);
}

async function checkTraining({ scenario, set, seed }: ValidateArguments): Promise<string[]> {
  const bench = await openTrainingBench(await loadTraining(scenario, { overrides: set, seed }));
  await bench.trainer.close();
  return [benchText(bench)];
}

async function checkStudy({ scenario, set, seed, yes }: ValidateArguments): Promise<string[]> {
  const plan = await loadScenario(scenario, { overrides: set, seed, yes });
  const prepared = await prepareStudy(plan);
  const lines = plan.axes.map((axis) => `${axis.path}: ${axis.values.join(", ")}`);
  lines.push(`${counted(plan.points.length, "point")} x ${trialsText(plan.study.trials)}`);
  for (const bench of prepared.benches.values()) {
    const clean = ((100 * bench.cleanCorrect) / bench.test.count).toFixed(2);
    lines.push(
      `${bench.modelName}: ${bench.layout.size.toLocaleString("en")} weights in ${bench.layout.entries.length} tensors travel; ` +
        `clean ${bench.cleanCorrect} of ${bench.test.count} correct (${clean} %), ${bench.scorer.runtime}`,
    );
  }
  await closeStudy(prepared);
  return lines;
}
