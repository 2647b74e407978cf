/**
 * From a scenario file and command-line overrides to the checked settings of a training.
 */
import { basename, dirname, extname, resolve } from "node:path";
import { InputError } from "../errors.js";
import { describeIssues } from "./issues.js";
import type { LoadOptions } from "./load.js";
import type { Data } from "./paths.js";
import { applyOverride, checkKind, makePathsAbsolute, readScenario } from "./read.js";
import { type TrainingSettings, trainingSchema } from "./training-schema.js";

export interface TrainingPlan {
  /** As given on the command line. */
  readonly file: string;
  /** File name without its ending. */
  readonly name: string;
  readonly text: string;
  readonly overrides: readonly string[];
  /** The scenario as data: file, overrides, nothing else. */
  readonly data: Data;
  readonly settings: TrainingSettings;
}

/** Reads, overrides and checks a scenario of a training. Throws InputError; touches nothing but the file. */
export async function loadTraining(
  file: string,
  { overrides = [], seed }: Pick<LoadOptions, "overrides" | "seed"> = {},
): Promise<TrainingPlan> {
  const { text, data } = await readScenario(file);
  for (const override of overrides) applyOverride(data, override);
  if (seed !== undefined) data.seed = seed;
  checkKind(data, file, "training");
  const checked = structuredClone(data);
  makePathsAbsolute(checked, dirname(resolve(file)));
  const parsed = trainingSchema.safeParse(checked);
  if (!parsed.success) {
    throw new InputError(describeIssues(parsed.error, trainingSchema, checked, file));
  }
  const name = basename(file, extname(file));
  return { file, name, text, overrides, data, settings: parsed.data };
}
