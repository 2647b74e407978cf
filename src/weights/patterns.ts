/** Glob patterns of tensors' names; `*` matches any characters. */
import picomatch from "picomatch";
import { nearestName } from "../errors.js";

/** Whether any of the patterns matches a name; none of no patterns. */
export function matcher(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.length === 0) return () => false;
  // `bash` lets `*` cross the slashes that some exporters put into names.
  return picomatch([...patterns], { bash: true, dot: true });
}

/** The first pattern that matches no name, and so is a misspelling. */
export function unmatched(
  patterns: readonly string[],
  names: readonly string[],
): string | undefined {
  return patterns.find((pattern) => !names.some(matcher([pattern])));
}

/** The end of a message about such a pattern. */
export function nearestHint(pattern: string, names: readonly string[]): string {
  const nearest = nearestName(pattern, names);
  return nearest === undefined ? "" : `; the nearest is "${nearest}"`;
}
