/** A .npy file by the letter of the format, version 1.0: magic, version, length, header, elements. */
export function npyBytes(descr: string, shape: number[], body: number[], order = "False"): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const header = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${tuple}, }\n`;
  return npyWithHeader(header, body);
}

/** The same with any header text. */
export function npyWithHeader(header: string, body: number[] = []): Buffer {
  return Buffer.concat([
    Buffer.from([
      0x93,
      0x4e,
      0x55,
      0x4d,
      0x50,
      0x59,
      1,
      0,
      header.length & 255,
      header.length >> 8,
    ]),
    Buffer.from(header, "latin1"),
    Buffer.from(body),
  ]);
}
