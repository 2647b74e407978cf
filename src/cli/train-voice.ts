/**
 * What the user of `weightlink train` hears: text, one JSON object per event, or errors only.
 */
import { wilsonInterval } from "../math/statistics.js";
import { counted, grouped, percent, shortPercent } from "../report/wording.js";
import type { TrainingBench } from "../training/bench.js";
import { accuracyOf, type Count, type EpochRecord } from "../training/history.js";
import type { StepsResult } from "../training/local.js";
import { type Display, openDisplay } from "./progress.js";
import { Voice } from "./voice.js";

/** What `--json` prints, one object a line. */
export type TrainingEvent =
  | {
      readonly event: "start";
      readonly at: string;
      readonly scenario: string;
      readonly title: string;
      readonly folder: string;
      readonly pid: number;
      readonly epochs: number;
      /** Epochs that earlier sessions have finished. */
      readonly done: number;
      readonly stepsPerEpoch: number;
      readonly batch: number;
    }
  | ({ readonly event: "epoch"; readonly examplesPerS: number } & EpochRecord)
  | { readonly event: "checkpoint"; readonly epoch: number }
  | {
      readonly event: "end";
      readonly complete: boolean;
      readonly folder: string;
      readonly files: readonly string[];
      readonly elapsedS: number;
    };

/** Drawing after every step would take longer than small steps do. */
const drawEveryMs = 100;

export class TrainVoice extends Voice<TrainingEvent> {
  #display: Display | undefined;
  #drawn = 0;

  startProgress(bench: TrainingBench, done: number): void {
    if (this.text) this.#display = openDisplay(extent(bench, done, 0), "examples");
  }

  /** The epoch is counted from 0. */
  step(bench: TrainingBench, epoch: number, soFar: StepsResult): void {
    const { epochs } = bench.plan.settings.training;
    if (this.#display === undefined || Date.now() - this.#drawn < drawEveryMs) return;
    this.#drawn = Date.now();
    const right = Number.isFinite(soFar.correct)
      ? `, ${percent(soFar.correct / soFar.examples, 1)} % right`
      : "";
    this.#display.update(
      extent(bench, epoch, soFar.examples),
      `epoch ${epoch + 1}/${epochs}: loss ${lossText(soFar.loss)}${right}`,
    );
  }

  epoch(bench: TrainingBench, record: EpochRecord, seconds: number): void {
    const { epochs } = bench.plan.settings.training;
    const perSecond = (bench.batches.perEpoch * bench.batches.size) / seconds;
    this.tell({ event: "epoch", examplesPerS: perSecond, ...record });
    this.#display?.log(
      `epoch ${record.epoch}/${epochs}: ${epochText(record)}, ${perSecond.toFixed(0)} examples/s`,
    );
  }

  stopProgress(): void {
    this.#display?.stop();
    this.#display = undefined;
  }
}

function extent(bench: TrainingBench, epochs: number, examples: number) {
  const perEpoch = bench.batches.perEpoch * bench.batches.size;
  const { epochs: wanted } = bench.plan.settings.training;
  return { done: epochs * perEpoch + examples, wanted: wanted * perEpoch };
}

/** `resnet20 (269 722 parameters): 10 000 training and 10 000 test examples of cifar10, ...` */
export function benchText(bench: TrainingBench): string {
  const { modelName, plan, batches, trainingExamples, test, validation, runtime } = bench;
  const { training, dataset, threads } = plan.settings;
  const splits = [
    `${grouped(trainingExamples)} training`,
    ...(validation ? [`${grouped(validation.count)} validation`] : []),
    `${grouped(test.count)} test`,
  ];
  const leftOut =
    batches.leftOut === 0
      ? ""
      : `; ${batches.leftOut} of the training examples, others each time, are left out of an epoch`;
  return (
    `${modelName} (${grouped(parameterCount(bench))} parameters) on ${listed(splits)} examples of ${dataset.name}; ` +
    `${counted(training.epochs, "epoch")} of ${counted(batches.perEpoch, "step")} with ${training.batch} examples${leftOut}; ` +
    `${runtime}, ${threads === 0 ? "all cores" : counted(threads, "thread")}`
  );
}

function listed(parts: readonly string[]): string {
  return `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

export function parameterCount({ trainer }: Pick<TrainingBench, "trainer">): number {
  return trainer.tensors
    .filter(({ role }) => role === "parameter")
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

/** `loss 0.1024, training 96.99 %, test 98.15 %` */
export function epochText({ loss, training, validation, test }: EpochRecord): string {
  const accuracies = Object.entries({ training, validation, test }).flatMap(([split, count]) =>
    count === undefined ? [] : [`${split} ${percent(accuracyOf(count))} %`],
  );
  return [`loss ${lossText(loss)}`, ...accuracies].join(", ");
}

/** `test accuracy 98.85 % (1977 of 2000; 95 % interval 98.28 to 99.23 %)` */
export function testText(test: Count): string {
  const [low, high] = wilsonInterval(test.correct, test.total).map(shortPercent);
  return `test accuracy ${percent(accuracyOf(test))} % (${test.correct} of ${test.total}; 95 % interval ${low} to ${high} %)`;
}

function lossText(loss: number): string {
  return loss >= 0.1 ? loss.toFixed(4) : loss.toPrecision(3);
}
