import type { z } from "zod";
import { channels } from "../../channels/index.js";
import { datasets } from "../datasets/index.js";
import { partitions } from "../federated/partitions/index.js";
import { speeds } from "../federated/speeds/index.js";
import { uplinks } from "../federated/uplinks/index.js";
import { embeddedModels } from "../models/embedded/index.js";
import { losses } from "../models/training/losses/index.js";
import { optimizers } from "../models/training/optimizers/index.js";
import { architectures } from "../models/zoo/index.js";
import { estimators } from "../receiver/index.js";
import { refinements } from "../receiver/refinements/index.js";
import { parameterRows } from "../scenario/describe.js";
import { augmentations } from "../training/augmentations/index.js";
import { schedules } from "../training/schedules/index.js";
import { codings } from "../transmitter/codings/index.js";
import type { ListKind } from "./list-kinds.js";

interface Part {
  readonly name: string;
  readonly summary: string;
  readonly params?: z.ZodType;
  readonly needs?: readonly string[];
}

const parts: Readonly<Record<ListKind, readonly Part[]>> = {
  channels,
  codings,
  refinements,
  estimators,
  models: embeddedModels,
  architectures,
  datasets,
  losses,
  optimizers,
  schedules,
  augmentations,
  uplinks,
  partitions,
  speeds,
};

/** `weightlink list`: what a scenario can name, with parameters, units and defaults. */
export function list(kind: ListKind): void {
  const lines = parts[kind].flatMap((part) => {
    const rows = part.params === undefined ? [] : parameterRows(part.params);
    const width = Math.max(0, ...rows.map((r) => r.key.length));
    return [
      `${part.name}: ${part.summary}`,
      ...rows.map(({ key, type, default: value, description }) => {
        const fallback = value === undefined ? "" : `; default ${value}`;
        return `  ${key.padEnd(width)}  ${description} (${type}${fallback})`;
      }),
      ...(part.needs?.length ? [`  is told: ${part.needs.map(words).join(", ")}`] : []),
      "",
    ];
  });
  if (kind === "models")
    lines.push("any ONNX file or TensorFlow.js layers model goes by model.path");
  process.stdout.write(`${lines.join("\n").trimEnd()}\n`);
}

/** `noiseVariance` as "noise variance". */
function words(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
