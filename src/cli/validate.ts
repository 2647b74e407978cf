import { inScenario } from "../errors.js";
import { prepareFederated } from "../federated/study.js";
import { counted, grouped, trialsText } from "../report/wording.js";
import { loadScenario } from "../scenario/load.js";
import { loadFederated } from "../scenario/load-federated.js";
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

/** `weightlink validate`: all checks of a run or a training, and none of its trials, steps or rounds. */
export async function validate(args: ValidateArguments): Promise<void> {
  const { data } = await readScenario(args.scenario);
  const check = {
    inference: checkStudy,
    training: checkTraining,
    federated: checkFederated,
  }[kindOf(data, args.scenario)];
  const lines = await check(args);
  process.stdout.write(`${args.scenario}: valid\n${lines.map((line) => `  ${line}\n`).join("")}`);
}

async function checkTraining({ scenario, set, seed }: ValidateArguments): Promise<string[]> {
  const plan = await loadTraining(scenario, { overrides: set, seed });
  const bench = await inScenario(plan.file, () => openTrainingBench(plan));
  await bench.trainer.close();
  return [benchText(bench)];
}

async function checkFederated({ scenario, set, seed }: ValidateArguments): Promise<string[]> {
  const plan = await loadFederated(scenario, { overrides: set, seed });
  const { benches } = await inScenario(plan.file, () => prepareFederated(plan));
  const lines = plan.axes.map((axis) => `${axis.path}: ${axis.values.join(", ")}`);
  const { receivers } = plan.points[0].settings;
  lines.push(
    `${counted(plan.points.length, "point")} x ${counted(plan.study.trials, "trial")} x ${counted(receivers.length, "receiver")}`,
  );
  for (const { modelName, whole, travelling, runtime } of benches.values()) {
    lines.push(
      `${modelName}: ${grouped(travelling.size)} of ${grouped(whole.size)} numbers in ${counted(travelling.entries.length, "tensor")} travel, ${runtime}`,
    );
  }
  return lines;
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
