/** Power ratio of a value in decibels. */
export function dbToRatio(db: number): number {
  return 10 ** (db / 10);
}

/** Decibels of a power ratio. */
export function ratioToDb(ratio: number): number {
  return 10 * Math.log10(ratio);
}
