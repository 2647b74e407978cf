/**
 * JSON inside a page.
 *
 * JSON has no infinity, so one is written as { "$number": "Infinity" }; a NaN is a fault of whoever made
 * it and refused here. `<` is written as \u003c, so that no text can end the element that holds the data.
 */
export function embeddedJson(value: unknown): string {
  const replace = (key: string, part: unknown) => {
    if (typeof part !== "number" || Number.isFinite(part)) return part;
    if (Number.isNaN(part)) throw new RangeError(`the page's data holds NaN as ${key}`);
    return { $number: String(part) };
  };
  return JSON.stringify(value, replace).replaceAll("<", "\\u003c");
}

/** Reads what `embeddedJson` wrote. */
export function parseEmbedded<T>(text: string): T {
  return JSON.parse(text, (_key, part) =>
    part !== null && typeof part === "object" && "$number" in part ? Number(part.$number) : part,
  );
}
