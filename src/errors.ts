import { distance } from "fastest-levenshtein";

/**
 * A mistake in what the user gave: the command line, a scenario, a model or a data file.
 * The command-line tool prints its message without a stack trace and exits with 2.
 */
export class InputError extends Error {
  override name = "InputError";
}

/** The work of a scenario behind its schema: what is wrong is told with its file. */
export async function inScenario<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InputError) || error.message.startsWith(file)) throw error;
    throw new InputError(`${file}: ${error.message}`);
  }
}

/** The known name closest to `name`, if one is close enough to be what was meant. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const d = distance(name.toLowerCase(), candidate.toLowerCase());
    if (d < bestDistance) {
      best = candidate;
      bestDistance = d;
    }
  }
  // Beyond half of the letters a suggestion is noise.
  return best !== undefined && bestDistance <= Math.max(2, best.length / 2) ? best : undefined;
}

/** `unknown channel "agwn"; did you mean "awgn"? known: awgn, recorded` */
export function unknownName(kind: string, name: string, known: Iterable<string>): string {
  const names = [...known].sort();
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? "" : ` did you mean "${nearest}"?`;
  return `unknown ${kind} "${name}";${hint} known: ${names.join(", ")}`;
}
