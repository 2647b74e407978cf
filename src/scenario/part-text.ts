/**
 * Swept values that are lists or maps, in words: `repetition (copies: 2) + linear-code (rate: 0.5)` for the JSON text
 * that results hold.
 */

/** Text that is no JSON list or map stays as it is; an empty list is `none`. */
export function partText(text: string): string {
  if (!/^[[{]/.test(text)) return text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  if (!Array.isArray(value)) return entryText(value);
  if (value.length === 0) return "none";
  const isChain = value.every((entry) => typeof entry === "object");
  return isChain ? value.map(entryText).join(" + ") : listText(value);
}

function entryText(entry: unknown): string {
  if (Array.isArray(entry)) return listText(entry);
  if (typeof entry !== "object" || entry === null) return String(entry);
  const { name, ...others } = entry as Record<string, unknown>;
  const pairs = Object.entries(others).map(([key, value]) => `${key}: ${entryText(value)}`);
  const parameters = pairs.join(", ");
  if (name === undefined) return `{ ${parameters} }`;
  return pairs.length === 0 ? String(name) : `${name} (${parameters})`;
}

const listText = (list: readonly unknown[]) => `[${list.map(entryText).join(", ")}]`;
