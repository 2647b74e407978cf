/** The command line that does the same again: `npx weightlink run s.yaml --set 'receivers=[ml]' --seed 3`. */
export function commandOf(
  command: string,
  { scenario, set, seed }: { scenario: string; set: readonly string[]; seed?: number | undefined },
  ...further: readonly string[]
): string {
  const parts = [
    "npx weightlink",
    command,
    quoted(scenario),
    ...set.map((s) => `--set ${quoted(s)}`),
  ];
  if (seed !== undefined) parts.push(`--seed ${seed}`);
  return [...parts, ...further.map(quoted)].join(" ");
}

/** As a shell takes one word. */
function quoted(word: string): string {
  return /^[\w./:=,@+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
