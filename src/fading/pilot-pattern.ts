/**
 * Where pilots lie among the symbols on the air: at 0, spacing, 2 spacing, …, so that a packet begins with one
 * and no pilot follows its last symbol.
 */

/** Pilots that a packet of this many data symbols carries. */
export function pilotCount(symbols: number, spacing: number): number {
  return Math.ceil(symbols / (spacing - 1));
}

/** Splits gains of a packet on the air (re, im, …) into those of pilots and of data. */
export function splitAir(
  air: Float32Array,
  spacing: number,
  pilots: Float32Array,
  data: Float32Array,
): void {
  const most = 2 * (spacing - 1); // components between two pilots
  for (let from = 0, p = 0, d = 0; from < air.length; from += 2 + most, p += 2) {
    pilots[p] = air[from];
    pilots[p + 1] = air[from + 1];
    const end = Math.min(air.length, from + 2 + most);
    for (let at = from + 2; at < end; at++) data[d++] = air[at];
  }
}
