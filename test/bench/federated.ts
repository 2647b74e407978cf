/**
 * Where the time of a round of federated training goes, on one thread: scenarios/federated/ota-fl-mnist.yaml at one
 * SNR, with both of its receivers. mmse-pb chooses its setting on 100 images in each round; 2,000 test images are scored
 * after every fifth. Times are those of the processor, so that waiting for other work on the machine does not count.
 */
import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { FederatedBench } from "../../src/federated/bench.js";
import { DeviceTrainer } from "../../src/federated/device-trainer.js";
import { prepareFederated, runFederated } from "../../src/federated/study.js";
import type { UplinkLink } from "../../src/federated/uplink.js";
import { oac } from "../../src/federated/uplinks/oac.js";
import { sum } from "../../src/math/statistics.js";
import type { Scorer } from "../../src/models/model.js";
import { loadFederated } from "../../src/scenario/load-federated.js";
import { type BenchLine, printLines } from "./bench-line.js";

const scenario = fileURLToPath(
  new URL("../../scenarios/federated/ota-fl-mnist.yaml", import.meta.url),
);
const data =
  process.env.WEIGHTLINK_DATA ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));
const rounds = 100;
const warmUp = 5;
const kappa = 100;

function processorS(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Seconds by what they were spent on. */
class Times {
  training = 0;
  aggregation = 0;
  choice = 0;
  evaluation = 0;
}

export async function federated(): Promise<BenchLine[]> {
  if (!existsSync(data)) return [];
  const ml = await timed("ml");
  const denoised = await timed(
    `{ name: mmse-pb, lambda: [0.85, 0.9, 0.95, 1], beta: 0, kappa: ${kappa} }`,
  );
  const both = ml.map((seconds, i) => seconds + denoised[i]);
  const share = (name: string, part: number, of = both): BenchLine => ({
    name: ` ${name}`,
    value: (100 * part) / sum(of),
    unit: "%",
  });
  const [training, aggregation, choice, evaluation, rest] = both;
  return [
    {
      name: "federated round, LeNet-5, 4 devices x 380 images, mean of ml and mmse-pb",
      value: (1000 * sum(both)) / (2 * (rounds - warmUp)),
      unit: "ms",
    },
    share("training", training),
    share("uplink", aggregation),
    share("choice of 4 settings on 100 images", choice),
    share("scoring 2,000 images after every fifth round", evaluation),
    share("neither training, uplink nor inference", rest),
    { ...share("everything but training", sum(both) - training), target: "<= 15" },
    share("of ml alone", sum(ml) - ml[0], ml),
    share("of mmse-pb alone", sum(denoised) - denoised[0], denoised),
  ];
}

/** Seconds of rounds with one receiver: training, aggregation, choice, evaluation, and the rest. */
async function timed(receiver: string): Promise<number[]> {
  const plan = await loadFederated(scenario, {
    overrides: [
      `dataset.path=${data}`,
      "sweep.uplink.snrDb=-10",
      `training.rounds=${rounds}`,
      "trials=1",
      `receivers=[${receiver}]`,
    ],
  });
  const prepared = await prepareFederated(plan, 1);
  const times = new Times();
  const benches = new Map(
    [...prepared.benches].map(([key, bench]) => [key, watched(bench, times)]),
  );
  const undo = watchTraining(times);
  let start = 0;
  await runFederated(
    { ...prepared, benches },
    {
      // The first rounds open the training graph and warm up.
      onRound: async (_, { records }) => {
        if (records.at(-1)!.round !== warmUp) return;
        Object.assign(times, new Times());
        start = processorS();
      },
    },
  );
  const total = processorS() - start;
  undo();
  const parts = [times.training, times.aggregation, times.choice, times.evaluation];
  return [...parts, total - sum(parts)];
}

/** Times local training and uplinks; gives what undoes it. */
function watchTraining(times: Times): () => void {
  const { prototype } = DeviceTrainer as unknown as { prototype: DeviceTrainer };
  const { train } = prototype;
  prototype.train = async function (...args) {
    const start = processorS();
    const outcome = await train.apply(this, args);
    times.training += processorS() - start;
    return outcome;
  };
  const uplink = oac as unknown as { open: (...args: never[]) => UplinkLink };
  const { open } = uplink;
  uplink.open = (...args) => {
    const link = open(...args);
    return {
      ...link,
      send(...round) {
        const start = processorS();
        const aggregate = link.send(...round);
        times.aggregation += processorS() - start;
        return aggregate;
      },
    };
  };
  return () => {
    prototype.train = train;
    uplink.open = open;
  };
}

/** A bench whose scorer tells inferences that choose from those that score, by the number of images. */
function watched(bench: FederatedBench, times: Times): FederatedBench {
  return {
    ...bench,
    async openScorer() {
      const scorer = await bench.openScorer();
      let seconds = 0;
      let images = 0;
      const settle = () => {
        times[images > kappa ? "evaluation" : "choice"] += seconds;
        [seconds, images] = [0, 0];
      };
      const timed = async <T>(work: () => Promise<T>) => {
        const start = processorS();
        const result = await work();
        seconds += processorS() - start;
        return result;
      };
      return {
        runtime: scorer.runtime,
        setWeights(...args) {
          settle();
          return timed(() => scorer.setWeights(...args));
        },
        run(inputs, count) {
          images += count;
          return timed(() => scorer.run(inputs, count));
        },
        close() {
          settle();
          return scorer.close();
        },
      } satisfies Scorer;
    },
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  printLines(await federated());
}
