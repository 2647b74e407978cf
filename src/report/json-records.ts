/** For JSON.stringify: JSON has no infinity, so one is written as a string. */
export function finiteJson(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

/** A JSON array with one record per line. JSON has no absence either: what is absent becomes null. */
export function jsonRecords(records: readonly object[]): string {
  const orNull = (key: string, value: unknown) => finiteJson(key, value) ?? null;
  const lines = records.map((record) => JSON.stringify(record, orNull));
  return lines.length === 0 ? "[]\n" : `[\n${lines.join(",\n")}\n]\n`;
}
