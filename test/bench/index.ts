/**
 * All benchmarks: `npm run bench`. Prints the table that docs/benchmarks.md records.
 *
 * They run with the memory settings that the installed command starts with (the first line of
 * src/cli/weightlink.mjs), in a process of their own, since those count from a process's start.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import * as ort from "onnxruntime-node";
import packageJson from "../../package.json" with { type: "json" };
import { channels } from "./channels.js";
import { federated } from "./federated.js";
import { kernel } from "./kernel.js";
import { memory } from "./memory.js";
import { misaligned } from "./misaligned.js";
import { noise } from "./noise.js";
import { scoring } from "./scoring.js";
import { search } from "./search.js";
import { study } from "./study.js";
import { training } from "./training.js";
import { transmission } from "./transmission.js";

const program = readFileSync(new URL("../../src/cli/weightlink.mjs", import.meta.url), "utf8");
const [, name, value] = /(GLIBC_TUNABLES)=(\S+)/.exec(program)!;
if (process.env[name] === undefined) {
  const args = [...process.execArgv, ...process.argv.slice(1)];
  const env = { ...process.env, [name]: value };
  process.exit(spawnSync(process.execPath, args, { stdio: "inherit", env }).status ?? 1);
}

console.log(
  `${availableParallelism()} x ${cpus()[0].model.trim()}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; ` +
    `weightlink ${packageJson.version}, Node ${process.versions.node}, ONNX Runtime ${ort.env.versions.node ?? ort.env.versions.common}`,
);
console.log("\n| what | figure | target |\n| --- | ---: | --- |");
for (const benchmark of [
  noise,
  kernel,
  channels,
  misaligned,
  transmission,
  scoring,
  training,
  memory,
  search,
  study,
  federated,
]) {
  for (const { name, value, unit, target } of await benchmark()) {
    const figure = Number(value.toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 3 });
    console.log(`| ${name.replace(/^ +/, "… ")} | ${figure} ${unit} | ${target ?? ""} |`);
  }
}
