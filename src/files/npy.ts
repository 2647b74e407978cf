/**
 * The .npy container of NumPy: one array of numbers with its shape and type.
 *
 * The magic string, a version, the length of the header, the header (a Python literal such as
 * `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`), then the elements.
 *
 * Source: NumPy, numpy.lib.format, versions 1.0, 2.0 and 3.0.
 * Limits: numbers, complex ones by a function of their own, and booleans; no strings, dates, structures or
 * Python objects.
 */
import { endianness } from "node:os";
import { Float16Array } from "@petamoriken/float16";
import { InputError } from "../errors.js";
import { fileBytes, integer, readBytes } from "./bytes.js";

const arrays = {
  b1: Uint8Array,
  u1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  u8: BigUint64Array,
  i8: BigInt64Array,
  f2: Uint16Array, // bit patterns, until they become float32
  f4: Float32Array,
  f8: Float64Array,
} as const;

/** Of the real and imaginary parts, which alternate. */
const complexArrays = { c8: Float32Array, c16: Float64Array } as const;

/** As long as version 1.0 can have it. NumPy writes more only for structures, which are refused. */
const longestHeader = 65_535;

export type NpyData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

export interface NpyArray {
  readonly shape: readonly number[];
  /** Row-major elements, in the typed array of their dtype; float16 comes as Float32Array. */
  readonly data: NpyData;
  /** As the file states it, e.g. `<f4`, `>i8`, `|u1`, `|b1`. */
  readonly dtype: string;
}

/** Complex numbers: `shape` counts them, `data` holds two numbers for each. */
export interface ComplexNpyArray {
  readonly shape: readonly number[];
  /** Row-major re, im, re, im, …: Float32Array of complex64, Float64Array of complex128. */
  readonly data: Float32Array | Float64Array;
  /** As the file states it, e.g. `<c8`, `>c16`. */
  readonly dtype: string;
}

/**
 * Reads a .npy file of real numbers or booleans. Throws InputError when it is missing, cut short, malformed or
 * holds anything else.
 */
export function readNpy(path: string): NpyArray {
  const { data, shape, dtype, parts } = readArray(path);
  if (parts === 2) {
    throw new InputError(`${path}: must hold real numbers, got complex ones of dtype "${dtype}"`);
  }
  return { shape, data, dtype };
}

/** Reads a .npy file of complex numbers. Throws InputError as `readNpy` does, and for real numbers. */
export function readComplexNpy(path: string): ComplexNpyArray {
  const { data, shape, dtype, parts } = readArray(path);
  if (parts === 1) {
    throw new InputError(
      `${path}: must hold complex numbers (complex64 or complex128), got dtype "${dtype}"`,
    );
  }
  return { shape, data: data as Float32Array | Float64Array, dtype };
}

/** `parts` is the number of neighbours in `data` that make one element. */
function readArray(path: string): NpyArray & { readonly parts: 1 | 2 } {
  const total = fileBytes(path);
  const { text, end } = readHeader(path, total);
  const { dtype, fortranOrder, shape } = parseHeader(path, text);
  const { array, kind, parts, swapped } = elementType(path, dtype);

  const expected = end + shape.reduce((a, b) => a * b, parts * array.BYTES_PER_ELEMENT);
  if (total !== expected) {
    const rule = total < expected ? "cut short" : "too long";
    throw new InputError(
      `${path}: ${rule}: shape (${shape.join(", ")}) of ${dtype} takes ${integer(expected)} bytes with the header, ${integer(total)} are there`,
    );
  }
  const bytes = Buffer.from(readBytes(path, end, total - end).buffer);
  if (swapped) {
    if (array.BYTES_PER_ELEMENT === 2) bytes.swap16();
    if (array.BYTES_PER_ELEMENT === 4) bytes.swap32();
    if (array.BYTES_PER_ELEMENT === 8) bytes.swap64();
  }
  const stored: NpyData = new array(bytes.buffer as ArrayBuffer);
  const data = kind === "f2" ? fromHalf(stored as Uint16Array) : stored;
  return { shape, data: fortranOrder ? rowMajor(data, shape, parts) : data, dtype, parts };
}

function readHeader(path: string, total: number): { text: string; end: number } {
  const start = Buffer.from(readBytes(path, 0, Math.min(total, 12)));
  if (start.length < 6 || start.toString("latin1", 0, 6) !== "\x93NUMPY") {
    throw new InputError(`${path}: not a .npy file: it must begin with \\x93NUMPY`);
  }
  const version = start[6];
  if (start.length < 12) {
    throw new InputError(`${path}: cut short: ${start.length} bytes do not hold a .npy header`);
  }
  if (!(version >= 1 && version <= 3)) {
    throw new InputError(
      `${path}: .npy version must be 1.0, 2.0 or 3.0, got ${version}.${start[7]}`,
    );
  }
  const begin = version === 1 ? 10 : 12;
  const end = begin + (version === 1 ? start.readUInt16LE(8) : start.readUInt32LE(8));
  if (end > total) {
    throw new InputError(
      `${path}: cut short: its header ends at byte ${integer(end)}, ${integer(total)} are there`,
    );
  }
  if (end - begin > longestHeader) {
    throw new InputError(
      `${path}: malformed .npy header: it must be at most ${integer(longestHeader)} bytes, got ${integer(end - begin)}`,
    );
  }
  const header = Buffer.from(readBytes(path, begin, end - begin));
  return { text: header.toString(version === 3 ? "utf8" : "latin1"), end };
}

interface Header {
  readonly dtype: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

/**
 * Reads the three keys, in any order, and nothing else. NumPy under Python 2 wrote `10L` for 10.
 */
function parseHeader(path: string, text: string): Header {
  const item =
    /\s*(?:'(\w+)'|"(\w+)")\s*:\s*(?:'([^']*)'|"([^"]*)"|(True|False)|\(((?:\s*\d+L?\s*,)*(?:\s*\d+L?)?)\s*\))\s*(,|(?=\}))/y;
  const found = new Map<string, string | boolean | number[]>();
  const malformed = (rule: string) =>
    new InputError(
      `${path}: malformed .npy header: ${rule}, got ${JSON.stringify(text.trim().slice(0, 200))}`,
    );

  const open = /^\s*\{/.exec(text);
  if (open === null) throw malformed("it must be a dictionary");
  if (/['"]descr['"]\s*:\s*\[/.test(text)) {
    throw new InputError(`${path}: structured dtypes are not supported, one number type is`);
  }
  item.lastIndex = open[0].length;
  let next = item.lastIndex;
  for (let m = item.exec(text); m !== null; m = item.exec(text)) {
    const key = m[1] ?? m[2];
    if (found.has(key)) throw malformed(`"${key}" must be there once`);
    const numbers = m[6]?.match(/\d+/g)?.map(Number) ?? [];
    found.set(key, m[3] ?? m[4] ?? (m[5] === undefined ? numbers : m[5] === "True"));
    next = item.lastIndex;
  }
  if (!/^\s*\}\s*$/.test(text.slice(next))) {
    throw malformed("it must hold strings, booleans and tuples of integers only");
  }
  const dtype = found.get("descr");
  const fortranOrder = found.get("fortran_order");
  const shape = found.get("shape");
  if (typeof dtype !== "string") throw malformed("descr must be a string");
  if (typeof fortranOrder !== "boolean") throw malformed("fortran_order must be True or False");
  if (!Array.isArray(shape) || !shape.every(Number.isSafeInteger))
    throw malformed("shape must be a tuple of integers");
  if (found.size !== 3) throw malformed("its keys must be descr, fortran_order and shape");
  return { dtype, fortranOrder, shape };
}

function elementType(path: string, dtype: string) {
  const [, order, kind] = /^([<>|])([a-z]\d+)$/.exec(dtype) ?? [];
  const known = { ...arrays, ...complexArrays };
  const array = Object.hasOwn(known, kind ?? "") ? known[kind as keyof typeof known] : undefined;
  if (array === undefined || (order === "|" && array.BYTES_PER_ELEMENT > 1)) {
    throw new InputError(
      `${path}: dtype must be one of ${Object.keys(known).join(", ")} in either byte order, got "${dtype}"`,
    );
  }
  const parts: 1 | 2 = Object.hasOwn(complexArrays, kind!) ? 2 : 1;
  return { array, kind, parts, swapped: order === (endianness() === "LE" ? ">" : "<") };
}

let halfValues: Float32Array | undefined;

/** Through a table of all 65,536 float16 numbers. */
function fromHalf(codes: Uint16Array): Float32Array {
  halfValues ??= new Float32Array(
    new Float16Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer),
  );
  const values = new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) values[i] = halfValues[codes[i]];
  return values;
}

/**
 * Reorders elements stored first dimension fastest ("Fortran order") to last dimension fastest. An element is
 * `parts` neighbours.
 */
function rowMajor(stored: NpyData, shape: readonly number[], parts: 1 | 2): NpyData {
  // Elements are only moved, so the code for one type of number serves them all.
  const from = stored as Float64Array;
  const to = stored.slice() as Float64Array;
  const strides = shape.map((_, d) => shape.slice(0, d).reduce((a, b) => a * b, parts));
  const index = shape.map(() => 0);
  let at = 0;
  for (let i = 0; i < to.length; i += parts) {
    to[i] = from[at];
    if (parts === 2) to[i + 1] = from[at + 1];
    for (let d = shape.length - 1; d >= 0; d--) {
      at += strides[d];
      if (++index[d] < shape[d]) break;
      at -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
  return to;
}
