/**
 * `results.csv`: one row per trial and estimator, as RFC 4180 quotes it.
 *
 * Rows are appended as trials finish, so the header is fixed before the first. Every row ends
 * in its line break: a row without one was cut off. Lines end in LF, which every reader takes,
 * and not in the RFC's CRLF, which leaves a stray CR in the last column of awk and cut.
 *
 * Numbers are written with the fewest digits that read back as the same double. What does not
 * apply is empty, never 0. No noise at all is an SNR of `Infinity`, as JavaScript, Python, R
 * and DuckDB read it.
 */
import type { ParameterValue, TrialResult } from "../study/results.js";

export interface CsvColumns {
  /** Scenario paths of the swept parameters. */
  readonly sweptPaths: readonly string[];
  /** Keys that the settings of any estimator can have, e.g. lambda and beta. */
  readonly settingKeys: readonly string[];
}

type Cell = ParameterValue | undefined;

export function csvHeader(columns: CsvColumns): string {
  return line([
    "point",
    "trial",
    "estimator",
    ...columns.sweptPaths,
    "snrDb",
    "wnrDb",
    "correct",
    "total",
    "accuracy",
    "mse",
    "nmse",
    ...columns.settingKeys.map((key) => `setting.${key}`),
    "chosenBy",
    "searchImageInferences",
    "airtimeS",
    "energy",
    "packets",
  ]);
}

export function csvRow(trial: TrialResult, columns: CsvColumns): string {
  return line([
    trial.point,
    trial.trial,
    trial.estimator,
    ...columns.sweptPaths.map((path) => trial.parameters[path]),
    trial.snrDb,
    trial.wnrDb,
    trial.correct,
    trial.total,
    trial.accuracy,
    trial.mse,
    trial.nmse,
    ...columns.settingKeys.map((key) => trial.setting[key]),
    trial.search?.chosenBy,
    trial.search?.imageInferences,
    trial.airtimeS,
    trial.energy,
    trial.packets,
  ]);
}

function line(cells: readonly Cell[]): string {
  return `${cells.map(field).join(",")}\n`;
}

function field(cell: Cell): string {
  const text = cell === undefined ? "" : String(cell);
  // Outer spaces are quoted too: some readers trim them.
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
