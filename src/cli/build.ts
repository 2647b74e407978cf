import { writeFile } from "node:fs/promises";
import { parse as parseYaml } from "yaml";
import { InputError, unknownName } from "../errors.js";
import { integer } from "../files/bytes.js";
import { replaceFile } from "../files/replace.js";
import { RandomSource } from "../kernel/index.js";
import type { Architecture } from "../models/zoo/architecture.js";
import { architectures } from "../models/zoo/index.js";
import { describeIssues } from "../scenario/issues.js";
import { checkTarget, writingTo } from "./target.js";

export interface BuildArguments {
  readonly architecture: string;
  readonly to: string;
  /** `key=value` of the architecture's parameters. */
  readonly set: readonly string[];
  /** Shape of an example, "3,32,32". */
  readonly example: string;
  readonly classes: string;
  readonly seed: number | undefined;
  readonly force: boolean;
}

/** `weightlink build`: an architecture with initial weights as an ONNX file. */
export async function build(args: BuildArguments): Promise<void> {
  const { to, force, seed = 1 } = args;
  const found = architectures.find(({ name }) => name === args.architecture);
  if (found === undefined) {
    const names = architectures.map(({ name }) => name);
    throw new InputError(unknownName("architecture", args.architecture, names));
  }
  const architecture = found as unknown as Architecture;
  const given = Object.fromEntries(args.set.map(setting));
  const params = architecture.params.safeParse(given);
  if (!params.success) {
    const source = `architecture "${architecture.name}"`;
    throw new InputError(describeIssues(params.error, architecture.params, given, source));
  }
  const task = {
    example: args.example.split(",").map((size) => whole("--example", size, 1)),
    classes: whole("--classes", args.classes, 2),
  };
  checkTarget(to, force);
  const bytes = architecture.build(params.data, task, new RandomSource(seed));
  await writingTo(to, () => replaceFile(to, (temporary) => writeFile(temporary, bytes)));
  process.stdout.write(`${to}: ${architecture.name}, ${integer(bytes.length)} bytes\n`);
}

function setting(text: string): [string, unknown] {
  const equals = text.indexOf("=");
  if (equals < 1) throw new InputError(`--set must be key=value, got "${text}"`);
  const written = text.slice(equals + 1);
  try {
    return [text.slice(0, equals).trim(), parseYaml(written)];
  } catch {
    return [text.slice(0, equals).trim(), written];
  }
}

function whole(option: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
  throw new InputError(`${option} must hold whole numbers from ${least} on, got "${text}"`);
}
