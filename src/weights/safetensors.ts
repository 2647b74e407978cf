/**
 * safetensors files: named tensors, as PyTorch users save them.
 *
 * Eight bytes with the length of the header, the header as JSON
 * `{"name": {"dtype": "F32", "shape": [16, 3], "data_offsets": [0, 192]}, "__metadata__": {...}}`,
 * then the tensors' bytes, row-major, little-endian; offsets count from the end of the header.
 *
 * Source: the format's specification, github.com/huggingface/safetensors.
 * Limits: floating-point tensors are read; integer tensors are listed without their values.
 */
import { writeFileSync } from "node:fs";
import { z } from "zod";
import { InputError } from "../errors.js";
import { fileBytes, readBytes } from "../files/bytes.js";
import { bytesPerFloat, type FloatType, readFloats } from "./float-types.js";

export interface SafeTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** As the file states it, e.g. F32, BF16, I64. */
  readonly dtype: string;
  /** Values as float32; undefined for integer and boolean tensors. */
  readonly data: Float32Array | undefined;
}

const floatTypes: Readonly<Record<string, FloatType>> = {
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  F64: "float64",
};

/** The specification's limit, which keeps a garbage length from becoming an allocation. */
const longestHeader = 100_000_000;

const headerSchema = z.record(
  z.string(),
  z.object({
    dtype: z.string(),
    shape: z.array(z.number().int().nonnegative()),
    data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
  }),
);

export interface SafetensorsFile {
  /** Texts by name, as `__metadata__` holds them; empty where it holds something else. */
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of their data. */
  readonly tensors: readonly SafeTensor[];
}

/** Reads the tensors of a file, in the order of their data. Throws InputError when it is not one. */
export function readSafetensors(path: string): readonly SafeTensor[] {
  return readSafetensorsFile(path).tensors;
}

/** Reads a file. Throws InputError when it is not one. */
export function readSafetensorsFile(path: string): SafetensorsFile {
  const file = Buffer.from(readBytes(path, 0, fileBytes(path)).buffer);
  const wrong = (rule: string) => new InputError(`${path}: not a safetensors file: ${rule}`);
  if (file.length < 8) throw wrong(`${file.length} bytes do not hold a header`);
  const headerLength = Number(file.readBigUInt64LE(0));
  if (!(headerLength <= Math.min(longestHeader, file.length - 8))) {
    throw wrong(`its header should be ${headerLength} bytes long, ${file.length - 8} are there`);
  }
  let json: unknown;
  try {
    json = JSON.parse(file.toString("utf8", 8, 8 + headerLength));
  } catch (error) {
    throw wrong(`its header is not JSON (${(error as Error).message})`);
  }
  const { __metadata__, ...entries } = Object(json) as Record<string, unknown>;
  const metadata = z.record(z.string(), z.string()).safeParse(__metadata__ ?? {});
  const header = headerSchema.safeParse(entries);
  if (!header.success) {
    const issue = header.error.issues[0]!;
    throw wrong(`${issue.path.join(".")}: ${issue.message}`);
  }
  const data = file.subarray(8 + headerLength);
  const tensors = Object.entries(header.data)
    .sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0])
    .map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        if (!(begin <= end && end <= data.length)) {
          throw wrong(`"${name}" ends at byte ${end} of its data, ${data.length} are there`);
        }
        const type = floatTypes[dtype];
        if (type === undefined) return { name, shape, dtype, data: undefined };
        const size = shape.reduce((a, b) => a * b, 1);
        if (end - begin !== size * bytesPerFloat[type]) {
          throw wrong(
            `"${name}" has ${end - begin} bytes for shape [${shape.join(", ")}] of ${dtype}`,
          );
        }
        const values = new Float32Array(size);
        readFloats(data.subarray(begin, end), type, values);
        return { name, shape, dtype, data: values };
      },
    );
  return { metadata: metadata.data ?? {}, tensors };
}

/** Writes float32 tensors in the given order, and texts beside them. Throws InputError where the file cannot be written. */
export function writeSafetensors(
  path: string,
  tensors: readonly { name: string; shape: readonly number[]; data: Float32Array }[],
  metadata: Readonly<Record<string, string>> = {},
): void {
  const header: Record<string, unknown> = { __metadata__: { format: "pt", ...metadata } };
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    const end = offset + data.byteLength;
    header[name] = { dtype: "F32", shape, data_offsets: [offset, end] };
    offset = end;
  }
  // Padded with spaces, so that the data is aligned to 8 bytes for readers that map the file.
  const json = JSON.stringify(header);
  const text = json.padEnd(
    Math.ceil(Buffer.byteLength(json) / 8) * 8 - Buffer.byteLength(json) + json.length,
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
  const body = tensors.map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  );
  try {
    writeFileSync(path, Buffer.concat([length, Buffer.from(text), ...body]));
  } catch (error) {
    throw new InputError(`${path}: cannot be written: ${(error as Error).message}`);
  }
}
