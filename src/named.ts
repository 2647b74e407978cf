/** Choosing a part by its name: `{ name: awgn, snrDb: 6 }`. */
import { z } from "zod";

export interface NamedPart {
  readonly name: string;
  readonly summary: string;
  readonly params: z.ZodObject;
}

/** Schema of one of `parts`, by its name and its own parameters. */
export function named(parts: readonly NamedPart[]) {
  const options = parts.map(({ name, summary, params }) =>
    // Keeps the refinements that `params` may carry.
    params.safeExtend({ name: z.literal(name) }).describe(summary),
  );
  return z.discriminatedUnion("name", options as unknown as [z.ZodObject]);
}
