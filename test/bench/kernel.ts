/**
 * Speed of the event kernel: timeouts per second of processes that do nothing but sleep, either by
 * yielding the delay (the process itself stands in the queue) or by yielding a timeout event.
 */
import { pathToFileURL } from "node:url";
import { type ProcessGenerator, RandomSource, Simulation } from "../../src/kernel/index.js";
import { type BenchLine, medianOf, printLines } from "./bench-line.js";

const TIMEOUTS = 1_000_000; // per repetition

type Sleeper = (sim: Simulation, delay: number) => ProcessGenerator;

function* byDelay(_: Simulation, delay: number): ProcessGenerator {
  for (;;) yield delay;
}

function* byEvent(sim: Simulation, delay: number): ProcessGenerator {
  for (;;) yield sim.timeout(delay);
}

/** Timeouts per second; their delays are about 1 s, and different for each process. */
function timeoutsPerSecond(sleeper: Sleeper, processes: number): number {
  const random = new RandomSource(1).stream("delays");
  const sim = new Simulation();
  let perSimulatedSecond = 0;
  for (let i = 0; i < processes; i++) {
    const delay = 0.5 + random.uniform();
    perSimulatedSecond += 1 / delay;
    sim.process(sleeper(sim, delay));
  }
  const start = performance.now();
  sim.run(TIMEOUTS / perSimulatedSecond);
  return TIMEOUTS / ((performance.now() - start) / 1000);
}

export async function kernel(): Promise<BenchLine[]> {
  const lines: BenchLine[] = [];
  for (const [what, sleeper] of [
    ["yield delay", byDelay],
    ["yield sim.timeout(delay)", byEvent],
  ] as const) {
    for (const processes of [1, 100, 10_000]) {
      const line: BenchLine = {
        name: `kernel, ${what}, ${processes} ${processes === 1 ? "process" : "processes"}`,
        value: medianOf(7, () => timeoutsPerSecond(sleeper, processes)) / 1e6,
        unit: "million timeouts/s",
      };
      if (processes === 10_000 && sleeper === byDelay) line.target = ">= 4";
      lines.push(line);
    }
  }
  return lines;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) printLines(await kernel());
