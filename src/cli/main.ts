/**
 * The command-line tool `weightlink`.
 *
 * Exit codes: 0 done; 1 the run failed; 2 the command, the scenario or a file it names is wrong;
 * 130 interrupted by Ctrl-C.
 */
import yargs, { type Argv } from "yargs";
import packageJson from "../../package.json" with { type: "json" };
import { InputError, nearestName } from "../errors.js";
import { quantities } from "../report/curves.js";
import { diff } from "./diff.js";
import { doctor } from "./doctor.js";
import { exportFormats, exportRun } from "./export.js";
import { listKinds } from "./list-kinds.js";
import { plan } from "./plan.js";
import { query, queryFormats } from "./query.js";
import { report } from "./report.js";
import { run } from "./run.js";
import { verify } from "./verify.js";
import { watch } from "./watch.js";
import { weights } from "./weights.js";

const commands = [
  "run",
  "train",
  "plan",
  "watch",
  "report",
  "export",
  "query",
  "diff",
  "validate",
  "verify",
  "list",
  "doctor",
  "weights",
  "build",
  "convert",
];

export async function main(args: readonly string[]): Promise<void> {
  // Who has read enough, as `head` has, ends nothing.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  try {
    await parser(args).parseAsync();
  } catch (error) {
    if (error instanceof InputError) {
      process.stderr.write(`weightlink: ${error.message.replaceAll("\n", "\nweightlink: ")}\n`);
      process.exitCode = 2;
    } else {
      // Where the system has refused something, its words say all.
      const { message, stack, cause } = error as Error;
      const isRefusal =
        cause instanceof InputError ||
        (cause as NodeJS.ErrnoException | undefined)?.code !== undefined;
      process.stderr.write(`weightlink: the run failed: ${isRefusal ? message : stack}\n`);
      process.exitCode = 1;
    }
  }
}

// Commands that bring training, architectures or all lists with them are loaded when they are called for.
function parser(args: readonly string[]) {
  const scenario = {
    type: "string",
    demandOption: true,
    describe: "scenario file (.yaml, .json or .ts)",
  } as const;
  const set = {
    type: "string",
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: "override a key: path.to.key=value (repeatable)",
  } as const;
  const seed = {
    type: "string",
    requiresArg: true,
    coerce: (value: string | string[]) => seedOf(once<string>("seed")(value as string)),
    describe: "seed of every random stream",
  } as const;
  const yes = {
    type: "boolean",
    default: false,
    describe: "allow more than 10,000 trials",
  } as const;

  const runFolder = { type: "string", demandOption: true, describe: "run folder" } as const;
  const workers = {
    type: "string",
    requiresArg: true,
    default: "auto",
    coerce: (value: string | string[]) => workersOf(once<string>("workers")(value as string)),
    describe: "worker threads, or auto: as many as cores and memory allow",
  } as const;

  /** A scenario and what changes it. */
  const asks = (y: Argv) =>
    y.positional("scenario", scenario).option("set", set).option("seed", seed).option("yes", yes);

  return yargs([...args])
    .scriptName("weightlink")
    .usage(
      "$0 <command>\n\nSends a network's weights over a simulated link and scores what arrives.",
    )
    .command(
      "run <scenario>",
      "simulate a scenario and write a run folder",
      (y) =>
        asks(y)
          .option("out", {
            type: "string",
            requiresArg: true,
            coerce: outOf,
            describe: "folder of the run; default: runs/NAME",
          })
          .option("workers", workers)
          .option("quiet", { type: "boolean", default: false, describe: "print errors only" })
          .option("json", {
            type: "boolean",
            default: false,
            describe: "print one JSON object per event, for scripts",
          }),
      (argv) => run(argv),
    )
    .command(
      "train <scenario>",
      "train a network and write it with its history to a run folder",
      (y) =>
        y
          .positional("scenario", scenario)
          .option("set", set)
          .option("seed", seed)
          .option("out", {
            type: "string",
            requiresArg: true,
            coerce: outOf,
            describe: "folder of the run; default: runs/NAME",
          })
          .option("resume", {
            type: "string",
            requiresArg: true,
            coerce: (value: string | string[]) => once<string>("resume")(value as string),
            describe: "run folder to go on in",
          })
          .option("quiet", { type: "boolean", default: false, describe: "print errors only" })
          .option("json", {
            type: "boolean",
            default: false,
            describe: "print one JSON object per event, for scripts",
          }),
      async (argv) => (await import("./train.js")).train(argv),
    )
    .command(
      "plan <scenario>",
      "what a run would do, and the time and memory it would take",
      (y) =>
        asks(y)
          .option("workers", workers)
          .option("json", { type: "boolean", default: false, describe: "print JSON" }),
      (argv) => plan(argv),
    )
    .command(
      "watch <run>",
      "show a run that another process is doing",
      (y) =>
        y
          .positional("run", runFolder)
          .option("every", {
            type: "number",
            default: 1,
            describe: "time between two looks [s]",
          })
          .option("json", {
            type: "boolean",
            default: false,
            describe: "print one JSON object per event",
          }),
      (argv) => watch(argv),
    )
    .command(
      "report <runs..>",
      "make one interactive page, or a figure for a paper, of one or several runs",
      (y) =>
        y
          .positional("runs", {
            type: "string",
            array: true,
            demandOption: true,
            describe: "run folders",
          })
          .option("out", {
            type: "string",
            requiresArg: true,
            coerce: outOf,
            describe: "file or folder to write to; default: the run's folder, or here for several",
          })
          .option("figure", {
            choices: ["svg", "png", "pdf"] as const,
            describe: "a figure one column wide, with its data as CSV, instead of the page",
          })
          .option("metric", { choices: quantities, describe: "what the figure shows" }),
      (argv) => report(argv),
    )
    .command(
      "export <run>",
      "write a run's trials as CSV, Parquet or JSON",
      (y) =>
        y
          .positional("run", runFolder)
          .option("format", { choices: exportFormats, demandOption: true, describe: "file format" })
          .option("out", {
            type: "string",
            requiresArg: true,
            coerce: outOf,
            describe: "file to write; default: print CSV or JSON",
          })
          .option("force", { type: "boolean", default: false, describe: "replace that file" }),
      (argv) => exportRun(argv),
    )
    .command(
      "query <run> <sql>",
      "ask a run's store in SQL; docs/results.md lists its tables",
      (y) =>
        y
          .positional("run", runFolder)
          .positional("sql", {
            type: "string",
            demandOption: true,
            describe: 'e.g. "select estimator, avg(accuracy) from trials group by all"',
          })
          .option("format", {
            choices: queryFormats,
            default: "table" as const,
            describe: "how to print",
          }),
      (argv) => query(argv),
    )
    .command(
      "diff <runA> <runB>",
      "what two runs were asked and what came out, where they differ",
      (y) =>
        y
          .positional("runA", runFolder)
          .positional("runB", runFolder)
          .option("json", { type: "boolean", default: false, describe: "print JSON" }),
      (argv) => diff(argv),
    )
    .command(
      "validate <scenario>",
      "check a scenario and the files it names without simulating",
      (y) => asks(y),
      async (argv) => (await import("./validate.js")).validate(argv),
    )
    .command(
      "verify",
      "check the channels against theory on this machine",
      (y) =>
        y
          .option("channel", {
            type: "string",
            requiresArg: true,
            coerce: (value: string | string[]) => once<string>("channel")(value as string),
            describe: "only the checks of this channel",
          })
          .option("out", {
            type: "string",
            requiresArg: true,
            coerce: outOf,
            describe: "folder for the results and a figure of each channel",
          })
          .option("seed", seed)
          .option("json", { type: "boolean", default: false, describe: "print JSON" }),
      (argv) => verify(argv),
    )
    .command(
      "list <kind>",
      "what scenarios can name: names, parameters, units, defaults",
      (y) => y.positional("kind", { choices: listKinds, demandOption: true }),
      async (argv) => (await import("./list.js")).list(argv.kind),
    )
    .command(
      "weights <model>",
      "list a model's tensors and which of them travel",
      (y) =>
        y
          .positional("model", {
            type: "string",
            demandOption: true,
            describe: "model file, or the name of an embedded model",
          })
          .option("to", {
            type: "string",
            describe: "write the tensors to this safetensors file",
          }),
      (argv) => weights(argv),
    )
    .command(
      "build <architecture> <to>",
      "make an ONNX file of an architecture, with initial weights",
      (y) =>
        y
          .positional("architecture", {
            type: "string",
            demandOption: true,
            describe: "a name of weightlink list architectures",
          })
          .positional("to", { type: "string", demandOption: true, describe: "file to write" })
          .option("set", { ...set, describe: "a parameter: key=value (repeatable)" })
          .option("example", {
            type: "string",
            demandOption: true,
            requiresArg: true,
            coerce: (value: string | string[]) => once<string>("example")(value as string),
            describe: "shape of an example: channels,rows,columns, or tokens",
          })
          .option("classes", {
            type: "string",
            demandOption: true,
            requiresArg: true,
            coerce: (value: string | string[]) => once<string>("classes")(value as string),
            describe: "number of classes",
          })
          .option("seed", seed)
          .option("force", { type: "boolean", default: false, describe: "replace that file" }),
      async (argv) => (await import("./build.js")).build(argv),
    )
    .command(
      "convert <from> <to>",
      "turn an ONNX file into a layers model of TensorFlow.js, or back",
      (y) =>
        y
          .positional("from", {
            type: "string",
            demandOption: true,
            describe: "ONNX file; or model.json, or the folder that holds it",
          })
          .positional("to", {
            type: "string",
            demandOption: true,
            describe: "model.json or a folder for it; or a file that ends in .onnx",
          })
          .option("force", { type: "boolean", default: false, describe: "replace files" }),
      async (argv) => (await import("./convert.js")).convert(argv),
    )
    .command("doctor", "what runs here, and what to do about what is missing", {}, () => doctor())
    .demandCommand(1, "name a command")
    .strict()
    .version(packageJson.version)
    .help()
    .alias("h", "help")
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message, error) => {
      // A YError is yargs' own word on the arguments, also where a coercion refused one.
      if (error !== undefined && error.name !== "YError") throw error;
      const [word] = args;
      const unknown = word !== undefined && !word.startsWith("-") && !commands.includes(word);
      const nearest = unknown ? nearestName(word, commands) : undefined;
      throw new InputError(
        unknown
          ? `unknown command "${word}";${nearest === undefined ? "" : ` did you mean "${nearest}"?`} known: ${commands.join(", ")}`
          : `${message} (weightlink ${commands.includes(word ?? "") ? `${word} ` : ""}--help)`,
      );
    });
}

function workersOf(value: string): number | "auto" {
  const number = Number(value);
  if (value === "auto") return value;
  if (Number.isInteger(number) && number >= 1 && number <= 256) return number;
  throw new InputError(`--workers must be a whole number from 1 to 256, or auto; got "${value}"`);
}

function outOf(value: string | string[]): string {
  const out = once<string>("out")(value as string);
  if (out === "") throw new InputError("--out needs the name of a folder");
  return out;
}

function seedOf(value: string): number {
  const seed = Number(value);
  if (value.trim() !== "" && Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new InputError(`--seed must be a whole number from 0 on, got "${value}"`);
}

/** yargs makes a list of an option that is given twice. */
function once<T>(name: string): (value: T) => T {
  return (value) => {
    if (Array.isArray(value)) throw new InputError(`--${name} is given more than once`);
    return value;
  };
}
