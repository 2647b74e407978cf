/**
 * A made-up run with realistic numbers: sigmoid curves, and trials that wobble together, since trial k
 * meets the same noise at every point and for every estimator.
 */
import seedrandom from "seedrandom";
import { pointSchema, studySchema } from "../../src/scenario/schema.js";
import { pairedDifferences } from "../../src/study/compare.js";
import { requiredRatios } from "../../src/study/required.js";
import type {
  ParameterValue,
  RunResult,
  TensorSummary,
  Timeline,
  TrialResult,
} from "../../src/study/results.js";
import { summarize } from "../../src/study/summarize.js";

export interface FixtureOptions {
  readonly axes?: RunResult["axes"];
  readonly estimators?: RunResult["estimators"];
  readonly trials?: number;
  /** Trials per point where they differ, by index of the point; all others get `trials`. */
  readonly trialsAt?: Readonly<Record<number, number>>;
  /** Label; the first estimator if absent. */
  readonly baseline?: string;
  /** Target accuracies. */
  readonly gainAt?: readonly number[];
  /** Combinations kept of the cross product; all if absent. */
  readonly keep?: (parameters: Readonly<Record<string, ParameterValue>>) => boolean;
  /** Packets are lost and sent again. */
  readonly lossy?: boolean;
  readonly changes?: Partial<RunResult>;
}

export const wnrAxis: RunResult["axes"][number] = {
  path: "channel.wnrDb",
  title: "WNR [dB]",
  values: [-6, -4, -2, 0, 2, 4, 6, 8, 10, 12],
};

export const threeEstimators: RunResult["estimators"] = [
  { label: "ML", name: "ml", needs: [], oracle: false },
  { label: "MMSE", name: "mmse", needs: ["noise variance", "prior moments"], oracle: false },
  {
    label: "MMSE_pb",
    name: "mmse-pb",
    needs: ["noise variance", "prior moments", "labelled images"],
    oracle: false,
  },
];

const total = 2000;
const clean = 1963;

export function fixtureRun(options: FixtureOptions = {}): RunResult {
  const axes = options.axes ?? [wnrAxis];
  const estimators = options.estimators ?? threeEstimators;
  const trialsPerPoint = options.trials ?? 10;
  const counts = Object.values(options.trialsAt ?? {});
  const rule = {
    min: Math.min(trialsPerPoint, ...counts),
    max: Math.max(trialsPerPoint, ...counts),
    ...(counts.length > 0 && { halfWidth: 0.01 }),
  };
  const random = seedrandom("report fixture");
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

  let points: Record<string, ParameterValue>[] = [{}];
  for (const axis of axes) {
    points = points.flatMap((p) => axis.values.map((value) => ({ ...p, [axis.path]: value })));
  }
  if (options.keep) points = points.filter(options.keep);

  const common = Array.from({ length: rule.max }, normal);
  const trials: TrialResult[] = [];
  const timelines: Timeline[] = [];
  const tensors: TensorSummary[] = [];
  points.forEach((parameters, point) => {
    const wnrDb = wnrOf(parameters, axes);
    for (const [e, estimator] of estimators.entries()) {
      const nmse = 0.9 / (10 ** (wnrDb / 10) + (e > 0 ? 1 : 0));
      for (let trial = 0; trial < (options.trialsAt?.[point] ?? trialsPerPoint); trial++) {
        const middle = [5.2, 4.6, 0.4, -0.4, -1, -1.6][e] ?? 0;
        const p = 0.1 + (clean / total - 0.1) / (1 + Math.exp(-(wnrDb - middle) / 1.3));
        const wobble = 0.05 * (p - 0.1) * (1 - p) * 4;
        const z = 0.9 * common[trial]! + 0.436 * normal();
        const correct = Math.round(total * Math.min(1, Math.max(0, p + wobble * z)));
        const searched = estimator.needs.includes("labelled images") || estimator.oracle;
        trials.push({
          point,
          trial,
          estimator: estimator.label,
          parameters,
          snrDb: wnrDb + 0.0137,
          wnrDb,
          correct,
          total,
          accuracy: correct / total,
          mse: nmse * 3.1e-4,
          nmse,
          equivalentWnrDb: wnrDb - (options.lossy ? 0.21 : 0),
          outageRate: options.lossy ? 0.0125 : 0,
          erasureRate: options.lossy ? 0.005 : 0,
          airtimeS: 0.076544,
          latencyS: options.lossy ? 0.0791 : 0.076544,
          energy: 76544,
          packets: 75,
          retransmissions: options.lossy ? 2 : 0,
          sideBits: 0,
          setting: searched ? { lambda: 1.01 + trial / 300, beta: -0.4 } : {},
          ...(searched && {
            search: {
              chosenBy: estimator.oracle ? "oracle" : "validation",
              method: "grid",
              images: 100,
              correct: 93,
              settings: 132,
              leftOut: 12,
              imageInferences: 13_200,
            },
          }),
        });
      }
    }
    timelines.push(timelineOf(point, wnrDb, options.lossy));
    tensors.push(
      { point, tensor: "conv1.weight", weights: 432, equivalentWnrDb: wnrDb + 4.5 },
      { point, tensor: "fc.weight", weights: 76_112, equivalentWnrDb: wnrDb - 0.5 },
    );
  });
  trials.sort((a, b) => a.point - b.point || a.trial - b.trial);
  const labels = estimators.map((e) => e.label);
  const analysis = {
    baseline: options.baseline ?? labels[0]!,
    gainAt: options.gainAt ?? [0.6, 0.8],
  };

  return {
    weightlink: "0.1.0",
    name: "quickstart",
    title: "Accuracy of a small residual network after an AWGN link",
    scenarioFile: "scenarios/quickstart.yaml",
    scenarioText: [
      "title: Accuracy of a small residual network after an AWGN link",
      "# <script>alert('not run')</script> & friends",
      "model: { embedded: glyphs-resnet }",
      "channel:",
      "  name: awgn",
      "  wnrDb: { sweep: -6:2:12 }",
      "estimators: [ml, mmse, mmse-pb]",
      "trials: 10",
      "",
    ].join("\n"),
    overrides: [],
    scenario: { channel: { name: "awgn" } },
    resolved: {
      study: studySchema.parse({ seed: 1, trials: trialsPerPoint }),
      point: pointSchema.parse({
        model: { name: "glyphs-resnet" },
        dataset: { name: "glyphs" },
        channel: { name: "awgn", wnrDb: -6 },
        receivers: ["ml", "mmse", "mmse-pb"],
      }),
      points,
    },
    command: "npx weightlink run scenarios/quickstart.yaml --seed 1",
    seed: 1,
    versions: { node: "v20.19.0", "onnxruntime-node": "1.30.0", weightlink: "0.1.0" },
    conventions: {
      snrDb: "mean(w²) / noise variance, per real dimension at the estimator's input [dB]",
      wnrDb: "Var[w] / noise variance, per real weight at the estimator's input [dB]",
      accuracy: "correct / total, top 1, over all test images",
      nmse: "mean((ŵ − w)²) / mean(w²) over the weights sent",
    },
    models: [
      {
        name: "glyphs-resnet",
        format: "ONNX",
        runtime: "ONNX Runtime 1.30.0, CPU",
        travellingWeights: 76_544,
        travellingTensors: 12,
        meanSquare: 3.1e-4,
        variance: 3.09e-4,
        mean: -0.00093,
        dataset: { name: "glyphs", classes: 10, images: total },
        clean: { correct: clean, total },
      },
    ],
    files: {
      "src/models/embedded/glyphs-resnet.onnx":
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    },
    estimators,
    settingKeys: ["lambda", "beta"],
    axes,
    points: points.length,
    modelOfPoint: points.map(() => 0),
    trialsPerPoint: rule,
    analysis,
    sessions: [
      {
        startedAt: "2026-03-02T10:15:00.000Z",
        endedAt: "2026-03-02T10:15:41.700Z",
        host: "lab-7",
        pid: 4711,
        platform: "linux x64",
        cpu: "AMD EPYC 7763",
        cores: 2,
        workers: 2,
        threadsPerWorker: 1,
        versions: { node: "v20.19.0", "onnxruntime-node": "1.30.0", weightlink: "0.1.0" },
        git: { commit: "5c1d3f0a9be24778c6f1d2b80e93a4175f60c8ad", dirty: false },
      },
    ],
    events: [],
    notes: [],
    complete: true,
    startedAt: "2026-03-02T10:15:00.000Z",
    elapsedS: 41.7,
    summary: summarize(trials, () => 0),
    differences: pairedDifferences(trials, labels, analysis.baseline),
    targets: requiredRatios(trials, { axes, estimators: labels, ...analysis, commonNoise: true }),
    tensors,
    timelines,
    trials,
    ...options.changes,
  };
}

/** A WNR for any set of axes: a WNR axis counts as such, other axes shift it. */
function wnrOf(
  parameters: Readonly<Record<string, ParameterValue>>,
  axes: RunResult["axes"],
): number {
  let wnrDb = 0;
  axes.forEach((axis, i) => {
    const value = parameters[axis.path]!;
    if (axis.path.endsWith("Db") && typeof value === "number") wnrDb += value;
    else if (i === 0) wnrDb += -4 + (14 * axis.values.indexOf(value)) / axis.values.length;
    else wnrDb += axis.values.indexOf(value) * 1.5;
  });
  return wnrDb;
}

/** 75 packets of a millisecond through a slow fade. */
function timelineOf(point: number, wnrDb: number, lossy = false): Timeline {
  const packets = Array.from({ length: 75 }, (_, i) => ({
    sentAtS: i * 1.024e-3,
    arrivedAtS: i * 1.024e-3 + (i < 74 ? 1.024e-3 : 0.768e-3),
    symbols: i < 74 ? 1024 : 768,
    attempt: lossy && i % 40 === 12 ? 2 : 1,
    erased: lossy ? ({ 3: 1, 5: 0.25 }[i % 40] ?? 0) : 0,
    snrDb: lossy && i % 40 === 3 ? -Infinity : wnrDb + 0.0137 + 3 * Math.sin(i / 7),
  }));
  return { point, trial: 0, packetsSent: lossy ? 77 : 75, packets };
}
