/**
 * From a scenario file and command-line overrides to the checked points of a federated study.
 */
import { basename, dirname, extname, resolve } from "node:path";
import { InputError, unknownName } from "../errors.js";
import {
  type FederatedPoint,
  type FederatedStudy,
  federatedPointSchema,
  federatedPointShape,
  federatedSchema,
  federatedStudySchema,
  federatedStudyShape,
} from "./federated-schema.js";
import { describeIssues } from "./issues.js";
import { checkKeys, type LoadOptions, type Plan, pick, planPoints } from "./load.js";
import { type Data, isMap } from "./paths.js";
import { applyOverride, checkKind, readScenario } from "./read.js";
import { expandReceiver, receiverLabel } from "./schema.js";
import { expandSweep, type Sweepable } from "./sweep.js";

export interface FederatedPlan extends Omit<Plan, "study" | "points"> {
  readonly study: FederatedStudy;
  readonly points: readonly {
    readonly settings: FederatedPoint;
    /** Swept parameters by path. */
    readonly parameters: Plan["points"][number]["parameters"];
  }[];
}

const sweepable: Sweepable = {
  parts: Object.keys(federatedPointShape),
  whole: ["uplink", "partition"],
};

/** Reads, overrides, expands and checks a scenario. Throws InputError; touches nothing but the file. */
export async function loadFederated(
  file: string,
  { overrides = [], seed }: LoadOptions = {},
): Promise<FederatedPlan> {
  const { text, data } = await readScenario(file);
  const folder = dirname(resolve(file));
  for (const override of overrides) {
    writeOut(data);
    applyOverride(data, override);
  }
  writeOut(data);
  if (seed !== undefined) data.seed = seed;
  checkKind(data, file, "federated");
  checkKeys(data, federatedSchema, file);
  const studyData = pick(data, federatedStudyShape);
  const parsed = federatedStudySchema.safeParse(studyData);
  if (!parsed.success) {
    throw new InputError(describeIssues(parsed.error, federatedStudySchema, studyData, file));
  }
  const study = parsed.data;
  const pointData = pick(data, federatedPointShape);
  const assignments = expandSweep(study, file, sweepable);
  const { constraints } = study;
  const planned = planPoints(assignments, pointData, federatedPointSchema, {
    constraints,
    file,
    folder,
  });
  const labels = planned.points[0].settings.receivers.map(receiverLabel);
  const { baseline = labels[0] } = study.analysis;
  if (!labels.includes(baseline)) {
    throw new InputError(
      `${file}: analysis.baseline: ${unknownName("receiver", baseline, labels)}`,
    );
  }
  const name = basename(file, extname(file));
  return { file, name, text, overrides, data, study, ...planned };
}

/** Short forms become maps, so that overrides and sweeps reach into them. */
function writeOut(data: Data): void {
  const { devices, receivers } = data;
  for (const [map, key] of [
    [data, "uplink"],
    [data, "partition"],
    [devices, "speed"],
  ] as const) {
    if (isMap(map) && typeof map[key] === "string") map[key] = { name: map[key] };
  }
  if (Array.isArray(receivers)) data.receivers = receivers.map(expandReceiver);
}
