import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.js";
import { readComplexNpy, readNpy } from "../../src/files/npy.js";
import { npyBytes, npyWithHeader } from "./npy-bytes.js";
import { folderWith } from "./temporary-folder.js";

const read = (bytes: Uint8Array) => readNpy(join(folderWith({ "a.npy": bytes }), "a.npy"));

describe("files written by NumPy 2.4", () => {
  const padding = (n: number) => "ICAg".repeat(n);
  const readBase64 = (text: string) => read(Buffer.from(text, "base64"));

  test("float32, rows and columns", () => {
    const { shape, data, dtype } = readBase64(
      `k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9${padding(19)}IAoAAMA/AAAQwAAAQEDNzMw9AACgQAAAwEA=`,
    );
    expect(shape).toEqual([2, 3]);
    expect(dtype).toBe("<f4");
    expect(data).toEqual(new Float32Array([1.5, -2.25, 3, 0.1, 5, 6]));
  });

  test("float64 in Fortran order comes out row by row", () => {
    const { shape, data } = readBase64(
      `k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMywgNCksIH0g${padding(18)}IAoAAAAAAAAAAAAAAAAAABhAAAAAAAAAAEAAAAAAAAAgQAAAAAAAABBAAAAAAAAAJEAAAAAAAADgPwAAAAAAABpAAAAAAAAABEAAAAAAAAAhQAAAAAAAABJAAAAAAAAAJUAAAAAAAADwPwAAAAAAABxAAAAAAAAACEAAAAAAAAAiQAAAAAAAABRAAAAAAAAAJkAAAAAAAAD4PwAAAAAAAB5AAAAAAAAADEAAAAAAAAAjQAAAAAAAABZAAAAAAAAAJ0A=`,
    );
    expect(shape).toEqual([2, 3, 4]);
    expect(data).toEqual(Float64Array.from({ length: 24 }, (_, i) => i * 0.5));
  });

  test("float16 comes as float32", () => {
    const { data, dtype } = readBase64(
      `k05VTVBZAQB2AHsnZGVzY3InOiAnPGYyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDUsKSwgfSAg${padding(19)}IAoAPADA/3sBAFQ1`,
    );
    expect(dtype).toBe("<f2");
    // 65504 is the largest float16, 2^-24 the smallest; 0.333 becomes 1364 / 4096.
    expect(data).toEqual(new Float32Array([1, -2, 65504, 2 ** -24, 1364 / 4096]));
  });

  test("int64 keeps every bit", () => {
    const { data } = readBase64(
      `k05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAg${padding(19)}IAoAAAAAAP///wcAAAAAAAAAAQAAAAAAIAA=`,
    );
    expect(data).toEqual(new BigInt64Array([-(2n ** 40n), 7n, 2n ** 53n + 1n]));
  });

  test("version 2.0, big-endian int16", () => {
    const { shape, data, dtype } = readBase64(
      `k05VTVBZAgB0AAAAeydkZXNjcic6ICc+aTInLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwgMiksIH0g${padding(18)}IAoAAf/+ASyAAA==`,
    );
    expect(shape).toEqual([2, 2]);
    expect(dtype).toBe(">i2");
    expect(data).toEqual(new Int16Array([1, -2, 300, -32768]));
  });

  test("version 3.0, booleans", () => {
    const { shape, data, dtype } = readBase64(
      `k05VTVBZAwB0AAAAeydkZXNjcic6ICd8YjEnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMSwgMiksIH0g${padding(18)}IAoBAA==`,
    );
    expect(shape).toEqual([1, 2]);
    expect(dtype).toBe("|b1");
    expect(data).toEqual(new Uint8Array([1, 0]));
  });

  test("a structure is refused", () => {
    expect(() =>
      readBase64(
        `k05VTVBZAQB2AHsnZGVzY3InOiBbKCdhJywgJzxmNCcpXSwgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAg${padding(16)}IAoAAAAAAAAAAA==`,
      ),
    ).toThrow("a.npy: structured dtypes are not supported, one number type is");
  });
});

describe("files written byte by byte", () => {
  test("every type, in both byte orders", () => {
    for (const [descr, body, expected] of [
      ["|u1", [0, 255], new Uint8Array([0, 255])],
      ["|i1", [1, 255], new Int8Array([1, -1])],
      ["<u2", [1, 2], new Uint16Array([513])],
      [">u2", [1, 2], new Uint16Array([258])],
      ["<i4", [0xfe, 255, 255, 255], new Int32Array([-2])],
      [">i4", [255, 255, 255, 0xfe], new Int32Array([-2])],
      [">u4", [0x80, 0, 0, 1], new Uint32Array([2147483649])],
      ["<u8", [0, 0, 0, 0, 0, 0, 0, 0x80], new BigUint64Array([2n ** 63n])],
      [">i8", [0, 0, 0, 0, 0, 0, 1, 0], new BigInt64Array([256n])],
      [">f2", [0xc1, 0], new Float32Array([-2.5])],
      [">f4", [0xc0, 0x20, 0, 0], new Float32Array([-2.5])],
      [">f8", [0xc0, 4, 0, 0, 0, 0, 0, 0], new Float64Array([-2.5])],
    ] as const) {
      const { data, dtype } = read(npyBytes(descr, [expected.length], [...body]));
      expect(data, descr).toEqual(expected);
      expect(dtype).toBe(descr);
    }
  });

  test("a column-major matrix", () => {
    expect(read(npyBytes("|u1", [2, 3], [1, 4, 2, 5, 3, 6], "True")).data).toEqual(
      new Uint8Array([1, 2, 3, 4, 5, 6]),
    );
  });

  test("keys in another order, other quotes, Python 2 integers, a scalar, nothing at all", () => {
    const odd = `{"shape":(1L,2L), "fortran_order" : False, "descr":"|u1"}   \n`;
    expect(read(npyWithHeader(odd, [8, 9])).shape).toEqual([1, 2]);
    const scalar = read(npyBytes("|u1", [], [7]));
    expect([scalar.shape, [...scalar.data]]).toEqual([[], [7]]);
    expect(read(npyBytes("<f4", [0, 5], [])).data).toHaveLength(0);
  });
});

describe("complex numbers", () => {
  const readComplex = (bytes: Uint8Array) =>
    readComplexNpy(join(folderWith({ "a.npy": bytes }), "a.npy"));
  /** Floats as bytes, in one order or the other. */
  const bytesOf = (values: Float32Array | Float64Array, order: "<" | ">") => {
    const bytes = Buffer.from(values.slice().buffer as ArrayBuffer);
    if (order === ">") values instanceof Float32Array ? bytes.swap32() : bytes.swap64();
    return [...bytes];
  };

  test("complex64 of NumPy 2.4: [1.5 − 2.25j, 3 + 0.1j]", () => {
    const base64 = `k05VTVBZAQB2AHsnZGVzY3InOiAnPGM4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAg${"ICAg".repeat(19)}IAoAAMA/AAAQwAAAQEDNzMw9`;
    const { data, shape, dtype } = readComplex(Buffer.from(base64, "base64"));
    expect(data).toEqual(new Float32Array([1.5, -2.25, 3, 0.1]));
    expect(shape).toEqual([2]);
    expect(dtype).toBe("<c8");
  });

  test.each(["<", ">"] as const)("both sizes in byte order %s", (order) => {
    const single = new Float32Array([1.5, -2.25, 1e-7, 65504]);
    const double = new Float64Array([Math.PI, -2.25, 1e-300, 7]);
    expect(readComplex(npyBytes(`${order}c8`, [2], bytesOf(single, order))).data).toEqual(single);
    const { data, shape, dtype } = readComplex(
      npyBytes(`${order}c16`, [2, 1], bytesOf(double, order)),
    );
    expect(data).toEqual(double);
    expect(shape).toEqual([2, 1]);
    expect(dtype).toBe(`${order}c16`);
  });

  test.each(["<", ">"] as const)(
    "a column-major matrix in byte order %s: pairs stay together",
    (order) => {
      // Rows (1 + 2j, 3 + 4j, 5 + 6j) and (7 + 8j, 9 + 10j, 11 + 12j), stored column by column.
      const stored = new Float64Array([1, 2, 7, 8, 3, 4, 9, 10, 5, 6, 11, 12]);
      const bytes = npyBytes(`${order}c16`, [2, 3], bytesOf(stored, order), "True");
      expect(readComplex(bytes).data).toEqual(Float64Array.from({ length: 12 }, (_, i) => i + 1));
    },
  );

  test("neither reader takes what is the other's", () => {
    const complex = npyBytes("<c8", [1], [0, 0, 0, 0, 0, 0, 0, 0]);
    expect(() => read(complex)).toThrow(
      'a.npy: must hold real numbers, got complex ones of dtype "<c8"',
    );
    expect(() => readComplex(npyBytes("<f4", [1], [0, 0, 0, 0]))).toThrow(
      'a.npy: must hold complex numbers (complex64 or complex128), got dtype "<f4"',
    );
  });

  test("cut short in the middle of a number", () => {
    const whole = npyBytes("<c8", [2], new Array(16).fill(0));
    expect(() => readComplex(whole.subarray(0, whole.length - 4))).toThrow(
      /a\.npy: cut short: shape \(2\) of <c8 takes \d+ bytes with the header/,
    );
  });
});

describe("bad files", () => {
  test("cut short anywhere, the file is an error that says so", () => {
    const whole = npyBytes("<f4", [2, 2], new Array(16).fill(0));
    for (let length = 6; length < whole.length; length++) {
      expect(() => read(whole.subarray(0, length))).toThrow(/a\.npy: cut short: /);
    }
    expect(() => read(whole.subarray(0, whole.length - 1))).toThrow(
      /a\.npy: cut short: shape \(2, 2\) of <f4 takes \d+ bytes with the header, \d+ are there/,
    );
    expect(() => read(Buffer.concat([whole, whole]))).toThrow("a.npy: too long: ");
    expect(() => read(whole.subarray(0, 5))).toThrow("not a .npy file");
  });

  test("not a .npy file, or of another version", () => {
    expect(() => read(Buffer.from("PK\x03\x04 an .npz is a zip file"))).toThrow(InputError);
    expect(() => read(Buffer.from("PK\x03\x04 an .npz is a zip file"))).toThrow(
      "a.npy: not a .npy file: it must begin with \\x93NUMPY",
    );
    const later = npyBytes("<f4", [1], [0, 0, 0, 0]);
    later[6] = 4;
    expect(() => read(later)).toThrow("a.npy: .npy version must be 1.0, 2.0 or 3.0, got 4.0");
  });

  test("dtypes that are not one number", () => {
    for (const descr of [
      "|O",
      "<U2",
      "|c8",
      "<c32",
      "<M8[s]",
      "|f4",
      "<f16",
      "f4",
      "constructor",
    ]) {
      expect(() => read(npyBytes(descr, [1], [0, 0, 0, 0]))).toThrow(
        `a.npy: dtype must be one of b1, u1, i1, u2, i2, u4, i4, u8, i8, f2, f4, f8, c8, c16 in either byte order, got "${descr}"`,
      );
    }
  });

  test("malformed headers", () => {
    const rest = "'fortran_order': False, 'shape': (1,)";
    for (const [header, rule] of [
      ["  ", "it must be a dictionary"],
      ["'descr'", "it must be a dictionary"],
      [`{'descr': '|u1', ${rest}`, "it must hold strings, booleans and tuples of integers only"],
      [`{'descr': exit(), ${rest}}`, "it must hold strings, booleans and tuples of integers only"],
      [`{'descr': '|u1', ${rest}} + 1`, "it must hold strings, booleans and tuples of integers"],
      [`{${rest}}`, "descr must be a string"],
      [`{'descr': True, ${rest}}`, "descr must be a string"],
      ["{'descr': '|u1', 'shape': (1,)}", "fortran_order must be True or False"],
      ["{'descr': '|u1', 'fortran_order': False}", "shape must be a tuple of integers"],
      ["{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}", "it must hold strings"],
      ["{'descr': '|u1', 'fortran_order': False, 'shape': (1.5,)}", "it must hold strings"],
      [`{'descr': '|u1', 'fortran_order': False, 'shape': (${"9".repeat(400)},)}`, "shape must be"],
      [`{'descr': '|u1', 'descr': '|u1', ${rest}}`, '"descr" must be there once'],
      [
        `{'descr': '|u1', 'extra': True, ${rest}}`,
        "its keys must be descr, fortran_order and shape",
      ],
    ]) {
      expect(() => read(npyWithHeader(header, [1])), header).toThrow(
        `a.npy: malformed .npy header: ${rule}`,
      );
    }
  });

  test("a header that claims more than a header needs", () => {
    const bytes = Buffer.alloc(70_000, " ");
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0, 0, 0, 1, 0]).copy(bytes);
    expect(() => read(bytes)).toThrow(
      "a.npy: malformed .npy header: it must be at most 65,535 bytes, got 65,536",
    );
  });

  test("a shape beyond all memory is an error before memory is asked for", () => {
    expect(() => read(npyBytes("<f8", [2 ** 50, 2 ** 50], []))).toThrow("a.npy: cut short: ");
  });

  test("a missing file names the nearest", () => {
    const folder = folderWith({ "noise-resnet20.npy": "" });
    expect(() => readNpy(join(folder, "noise-resnet2O.npy"))).toThrow(
      'noise-resnet2O.npy: no such file; the nearest in that folder is "noise-resnet20.npy"',
    );
    expect(() => readNpy(join(folder, "no", "a.npy"))).toThrow(
      `no such file, nor a folder ${join(folder, "no")}`,
    );
    expect(() => readNpy(folder)).toThrow(`${folder}: not a file`);
  });
});
