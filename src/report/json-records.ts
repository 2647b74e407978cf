/**
 * A JSON array with one record per line. JSON has no infinity and no absence: the one becomes a string, as in
 * results.json, the other null.
 */
export function jsonRecords(records: readonly object[]): string {
  const lines = records.map((record) => JSON.stringify(record, plain));
  return lines.length === 0 ? "[]\n" : `[\n${lines.join(",\n")}\n]\n`;
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : (value ?? null);
}
