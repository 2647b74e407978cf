/**
 * The trainings of a run, a file each: `courses/POINT-TRIAL-RECEIVER.safetensors`, replaced after every round. It holds the
 * model under the names of its tensors, so that `model.weightsPath` reads it, what the uplink remembers, and as text
 * beside them the rounds. Random streams need no place in it: they follow from the seed and the number of the round.
 * A training that was killed goes on from its last finished round.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../errors.js";
import type { Layout } from "../weights/layout.js";
import { readStateFile, type StateKind, writeStateFile } from "../weights/state-file.js";
import type { StoredCourse } from "./course.js";
import type { CourseName } from "./history.js";

const kind: StateKind = { what: "a training of a federated run", version: 2 };

/** Before the names of what the uplink remembers; no exporter uses it. */
const remembered = "weightlink/uplink/";

export const coursesFolder = (folder: string) => join(folder, "courses");

export function coursePath(folder: string, { point, trial, receiver }: CourseName): string {
  return join(coursesFolder(folder), `${point}-${trial}-${receiver}.safetensors`);
}

export async function writeCourse(
  folder: string,
  name: CourseName,
  whole: Layout,
  { model, records, notes, memory }: StoredCourse,
): Promise<void> {
  const tensors = [
    ...whole.entries.map(({ name, shape, offset, size }) => ({
      name,
      shape,
      data: model.subarray(offset, offset + size),
    })),
    ...[...memory].map(([key, data]) => ({
      name: `${remembered}${key}`,
      shape: [data.length],
      data,
    })),
  ];
  await writeStateFile(coursePath(folder, name), kind, { name, records, notes }, tensors);
}

/** A training as it was last stored; undefined where it has not begun. Throws InputError where it cannot be used. */
export function readCourse(
  folder: string,
  name: CourseName,
  whole: Layout,
): StoredCourse | undefined {
  const path = coursePath(folder, name);
  if (!existsSync(path)) return undefined;
  const { facts, tensors: values } = readStateFile<Pick<StoredCourse, "records" | "notes">>(
    path,
    kind,
  );
  const model = new Float32Array(whole.size);
  for (const { name, offset, size } of whole.entries) {
    const own = values.get(name);
    if (own?.length !== size) {
      throw new InputError(
        `${path}: must hold ${size} values of the tensor "${name}", got ${own?.length ?? "none"}`,
      );
    }
    model.set(own, offset);
  }
  const memory = [...values].flatMap(([name, data]): [string, Float32Array][] =>
    name.startsWith(remembered) ? [[name.slice(remembered.length), data]] : [],
  );
  return { model, ...facts, memory: new Map(memory) };
}
