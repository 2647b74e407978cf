import { embeddedModels } from "../models/embedded/index.js";
import { openModelFile } from "../models/open.js";
import { defaultTravelRules, layOut, type NamedTensor } from "../weights/layout.js";
import { writeSafetensors } from "../weights/safetensors.js";

/** `weightlink weights`: a model's tensors, which of them travel, and their values as safetensors. */
export async function weights({ model: path, to }: { model: string; to?: string | undefined }) {
  const embedded = embeddedModels.find((m) => m.name === path);
  const model = await openModelFile(embedded?.path ?? path);
  const travelling = layOut(model.tensors, defaultTravelRules);
  const travels = new Set(travelling.entries.map((e) => e.name));
  const width = Math.max(...model.tensors.map((t) => t.name.length));
  const lines = model.tensors.map(
    (t) =>
      `${t.name.padEnd(width)}  ${shapeText(t).padEnd(20)}  ${travels.has(t.name) ? "travels" : `stays (${t.role})`}`,
  );
  lines.push(
    `${travelling.size.toLocaleString("en")} weights in ${travelling.entries.length} of ${model.tensors.length} tensors travel`,
  );
  if (to !== undefined) {
    const floats = model.tensors.filter((t) => t.role !== "integer");
    let size = 0;
    const entries = floats.map((t) => {
      const entry = { ...t, offset: size };
      size += t.size;
      return entry;
    });
    const values = model.readWeights({ entries, size });
    writeSafetensors(
      to,
      entries.map((e) => ({ ...e, data: values.subarray(e.offset, e.offset + e.size) })),
    );
    lines.push(`${floats.length} tensors written to ${to}`);
  }
  process.stdout.write(`${lines.join("\n")}\n`);
}

function shapeText({ shape }: NamedTensor): string {
  return `[${shape.join(", ")}]`;
}
