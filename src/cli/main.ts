/**
 * The command-line tool `weightlink`.
 *
 * Exit codes: 0 done; 1 the run failed; 2 the command, the scenario or a file it names is wrong;
 * 130 interrupted by Ctrl-C.
 */
import yargs from "yargs";
import packageJson from "../../package.json" with { type: "json" };
import { InputError, nearestName } from "../errors.js";
import { doctor } from "./doctor.js";
import { list, listKinds } from "./list.js";
import { run } from "./run.js";
import { validate } from "./validate.js";
import { weights } from "./weights.js";

const commands = ["run", "validate", "list", "doctor", "weights"];

export async function main(args: readonly string[]): Promise<void> {
  try {
    await parser(args).parseAsync();
  } catch (error) {
    if (error instanceof InputError) {
      process.stderr.write(`weightlink: ${error.message.replaceAll("\n", "\nweightlink: ")}\n`);
      process.exitCode = 2;
    } else {
      process.stderr.write(`weightlink: the run failed: ${(error as Error).stack ?? error}\n`);
      process.exitCode = 1;
    }
  }
}

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
    type: "number",
    coerce: once<number | undefined>("seed"),
    describe: "seed of every random stream",
  } as const;
  const yes = {
    type: "boolean",
    default: false,
    describe: "allow more than 10,000 trials",
  } as const;

  return yargs([...args])
    .scriptName("weightlink")
    .usage(
      "$0 <command>\n\nSends a network's weights over a simulated link and scores what arrives.",
    )
    .command(
      "run <scenario>",
      "simulate a scenario and write a run folder",
      (y) =>
        y
          .positional("scenario", scenario)
          .option("out", {
            type: "string",
            coerce: once<string | undefined>("out"),
            describe: "folder of the run; default: runs/NAME",
          })
          .option("set", set)
          .option("seed", seed)
          .option("yes", yes)
          .option("quiet", { type: "boolean", default: false, describe: "print errors only" })
          .option("json", {
            type: "boolean",
            default: false,
            describe: "print one JSON object per event, for scripts",
          }),
      (argv) => run(argv),
    )
    .command(
      "validate <scenario>",
      "check a scenario and the files it names without simulating",
      (y) =>
        y
          .positional("scenario", scenario)
          .option("set", set)
          .option("seed", seed)
          .option("yes", yes),
      (argv) => validate(argv),
    )
    .command(
      "list <kind>",
      "what scenarios can name: names, parameters, units, defaults",
      (y) => y.positional("kind", { choices: listKinds, demandOption: true }),
      (argv) => list(argv.kind),
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

/** yargs makes a list of an option that is given twice. */
function once<T>(name: string): (value: T) => T {
  return (value) => {
    if (Array.isArray(value)) throw new InputError(`--${name} is given more than once`);
    return value;
  };
}
