/**
 * The record of a run: what was asked, with what, and what came out.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import * as ort from "onnxruntime-node";
import packageJson from "../../package.json" with { type: "json" };
import { mean, meanInterval95, standardDeviation } from "../math/statistics.js";
import type { Known } from "../receiver/estimator.js";
import { estimatorOf, type ReceiverSettings, receiverLabel } from "../scenario/schema.js";
import { type Bench, benchKey, searchesGrid } from "./bench.js";
import type {
  ModelRecord,
  PointSummary,
  RunResult,
  SideInformation,
  TrialResult,
} from "./results.js";
import type { PreparedStudy } from "./study.js";

/** Which convention each number follows; publications differ, so every run says its own. */
const conventions: RunResult["conventions"] = {
  snrDb: "mean(w²) / noise variance, per real dimension at the estimator's input, in dB",
  wnrDb: "Var[w] / noise variance, per real weight at the estimator's input, in dB",
  noise: "noise variance per real component; a complex symbol has N0 = twice that",
  mse: "mean((ŵ − w)²) over the weights sent",
  nmse: "mse / mean(w²)",
  energy: "sum of squared components, with the weights scaled to mean square 1",
  interval95: "Student t over trials",
};

const sideInformation: Readonly<Record<keyof Known, SideInformation>> = {
  noiseVariance: "noise variance",
  prior: "prior moments",
};

export interface RunFacts {
  readonly command: string;
  readonly complete: boolean;
  readonly startedAt: Date;
  readonly elapsedS: number;
  readonly trials: readonly TrialResult[];
  readonly notes: readonly string[];
}

export async function assembleRun(
  { plan, benches }: PreparedStudy,
  facts: RunFacts,
): Promise<RunResult> {
  const first = plan.points[0].settings;
  const keys = [...benches.keys()];
  const modelOfPoint = (point: number) => keys.indexOf(benchKey(plan.points[point].settings));
  const files = [...new Set([...benches.values()].flatMap((b) => b.files))];
  return {
    weightlink: packageJson.version,
    name: plan.name,
    title: plan.study.title ?? plan.name,
    scenarioFile: plan.file,
    scenarioText: plan.text,
    overrides: plan.overrides,
    scenario: plan.data,
    command: facts.command,
    seed: plan.study.seed,
    versions: {
      weightlink: packageJson.version,
      node: process.versions.node,
      onnxruntime: ort.env.versions.node ?? ort.env.versions.common,
    },
    conventions,
    models: [...benches.values()].map(modelRecord),
    files: Object.fromEntries(
      await Promise.all(files.map(async (file) => [file, await sha256(file)])),
    ),
    estimators: (first.receivers as ReceiverSettings[]).map((receiver) => {
      const estimator = estimatorOf(receiver);
      const searches = searchesGrid(receiver);
      return {
        label: receiverLabel(receiver),
        name: estimator.name,
        needs: [
          ...estimator.needs.map((key) => sideInformation[key]),
          ...(searches ? (["labelled images"] as const) : []),
        ],
        oracle: searches && receiver.choose === "oracle",
      };
    }),
    axes: plan.axes,
    points: plan.points.length,
    trialsPerPoint: plan.study.trials,
    notes: facts.notes,
    complete: facts.complete,
    startedAt: facts.startedAt.toISOString(),
    elapsedS: facts.elapsedS,
    summary: summarize(facts.trials, modelOfPoint),
    trials: facts.trials,
  };
}

function modelRecord(bench: Bench): ModelRecord {
  return {
    name: bench.modelName,
    format: bench.model.format,
    runtime: bench.scorer.runtime,
    travellingWeights: bench.layout.size,
    travellingTensors: bench.layout.entries.length,
    ...bench.statistics,
    dataset: { name: bench.datasetName, classes: bench.classes, images: bench.test.count },
    clean: { correct: bench.cleanCorrect, total: bench.test.count },
  };
}

/** One row per point and estimator, in the order in which they came. */
export function summarize(
  trials: readonly TrialResult[],
  modelOfPoint: (point: number) => number,
): PointSummary[] {
  const groups = new Map<string, TrialResult[]>();
  for (const trial of trials) {
    const key = `${trial.point} ${trial.estimator}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [trial]);
    else group.push(trial);
  }
  return [...groups.values()].map((group) => {
    const accuracies = group.map((t) => t.accuracy);
    const { point, estimator, parameters, snrDb, wnrDb } = group[0];
    return {
      point,
      estimator,
      parameters,
      model: modelOfPoint(point),
      trials: group.length,
      accuracy: mean(accuracies),
      standardDeviation: group.length > 1 ? standardDeviation(accuracies) : null,
      interval95: meanInterval95(accuracies),
      snrDb,
      wnrDb,
      nmse: mean(group.map((t) => t.nmse)),
    };
  });
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
