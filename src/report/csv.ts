/**
 * `results.csv`: one row per trial and estimator, as RFC 4180 quotes it, with the columns of the store's
 * table `trials`.
 *
 * Lines end in LF, which every reader takes, and not in the RFC's CRLF, which leaves a stray CR in
 * the last column of awk and cut.
 *
 * Numbers are written with the fewest digits that read back as the same double. What does not
 * apply is empty, never 0. No noise at all is an SNR of `Infinity`, as JavaScript and pandas read it, and
 * polars and DuckDB where they are told that the column holds numbers.
 */
import type { ParameterValue, RunHeader, RunResult } from "../study/results.js";
import { tablesOf, trialRow } from "../study/store.js";

/** Of the table `trials`, in the order of `run.trials`. */
export function resultsCsv(run: RunHeader & Pick<RunResult, "trials">): string {
  const columns = Object.keys(tablesOf(run).trials);
  const rows = run.trials.map((trial) => {
    const row = trialRow(trial);
    return csvLine(columns.map((column) => row[column]));
  });
  return csvLine(columns) + rows.join("");
}

/** One record, with its line break; undefined is an empty field. */
export function csvLine(cells: readonly (ParameterValue | undefined)[]): string {
  return `${cells.map(field).join(",")}\n`;
}

function field(cell: ParameterValue | undefined): string {
  const text = cell === undefined ? "" : String(cell);
  // Outer spaces are quoted too: some readers trim them.
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
