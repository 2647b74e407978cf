/**
 * Where something stands, to go on from: tensors in a safetensors file, and beside them, as text, facts about them with
 * a version and the SHA-256 of facts and tensors, so that a damaged file is refused and not gone on with.
 *
 * The file appears whole or not at all (`replaceFile`), so that the one before it is valid until then.
 */
import { createHash } from "node:crypto";
import { InputError } from "../errors.js";
import { replaceFile } from "../files/replace.js";
import { readSafetensorsFile, writeSafetensors } from "./safetensors.js";

/** What a file is, and the version of what it holds, which grows when that changes. */
export interface StateKind {
  /** With its article, as in "is not a checkpoint". */
  readonly what: string;
  readonly version: number;
}

export interface StateTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export async function writeStateFile(
  path: string,
  { version }: StateKind,
  facts: object,
  tensors: readonly StateTensor[],
): Promise<void> {
  const text = JSON.stringify({ version, ...facts });
  const metadata = { weightlink: text, sha256: digest(text, tensors) };
  await replaceFile(path, async (temporary) => writeSafetensors(temporary, tensors, metadata));
}

/** Facts as they were written, and tensors by name. Throws InputError where the file is another one or damaged. */
export function readStateFile<Facts extends object>(
  path: string,
  { what, version }: StateKind,
): { facts: Facts; tensors: ReadonlyMap<string, Float32Array> } {
  const { metadata, tensors } = readSafetensorsFile(path);
  const { weightlink: text, sha256 } = metadata;
  if (text === undefined) throw new InputError(`${path}: is a safetensors file and not ${what}`);
  // Of another version nothing is known, not even how it would be checked.
  const stated = /^\{"version":(\d+)[,}]/.exec(text)?.[1];
  if (stated !== undefined && Number(stated) !== version) {
    throw new InputError(
      `${path}: is ${what} of version ${stated}; this program reads version ${version}`,
    );
  }
  const data = tensors.flatMap(({ name, data }) => (data === undefined ? [] : [{ name, data }]));
  if (sha256 !== digest(text, data)) {
    throw new InputError(`${path}: is damaged: it does not hold what was written`);
  }
  const { version: _, ...facts } = JSON.parse(text);
  return { facts, tensors: new Map(data.map(({ name, data }) => [name, data])) };
}

function digest(text: string, tensors: readonly Pick<StateTensor, "name" | "data">[]): string {
  const hash = createHash("sha256").update(text);
  for (const { name, data } of tensors) {
    hash.update(`\n${name}\n`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}
