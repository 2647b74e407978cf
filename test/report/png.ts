import { inflateSync } from "node:zlib";

/**
 * Counts the colours of an 8-bit RGB or RGBA PNG without interlace, by hand, so that the
 * library that wrote it is not the one that checks it. (PNG specification, chapters 9 and 11.)
 */
export function countColours(png: Uint8Array): { total: number; count: Map<string, number> } {
  const bytes = Buffer.from(png);
  const parts: Buffer[] = [];
  let width = 0;
  let channels = 0;
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const type = bytes.toString("latin1", at + 4, at + 8);
    if (type === "IHDR") {
      width = bytes.readUInt32BE(at + 8);
      channels = bytes[at + 17] === 6 ? 4 : 3;
    }
    if (type === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + bytes.readUInt32BE(at)));
  }
  const raw = inflateSync(Buffer.concat(parts));
  const stride = width * channels;
  const line = Buffer.alloc(stride);
  const count = new Map<string, number>();
  let total = 0;
  for (let at = 0; at < raw.length; at += stride + 1) {
    const filter = raw[at]!;
    let upperLeft = [0, 0, 0, 0];
    for (let i = 0; i < stride; i++) {
      const left = i < channels ? 0 : line[i - channels]!;
      const up = line[i]!;
      const c = i % channels;
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, upperLeft[c]!)][filter]!;
      upperLeft = upperLeft.with(c, up);
      line[i] = raw[at + 1 + i]! + predicted;
    }
    for (let i = 0; i < stride; i += channels, total++) {
      const colour = line.toString("hex", i, i + 3);
      count.set(colour, (count.get(colour) ?? 0) + 1);
    }
  }
  return { total, count };
}

function paeth(left: number, up: number, upperLeft: number): number {
  const estimate = left + up - upperLeft;
  const distances = [left, up, upperLeft].map((value) => Math.abs(estimate - value));
  if (distances[0]! <= distances[1]! && distances[0]! <= distances[2]!) return left;
  return distances[1]! <= distances[2]! ? up : upperLeft;
}
