/** The trials of a run, row by row: what can be shown of them, and what is read out of each. */
import { axisTitle } from "../../scenario/axis.js";
import { placeY } from "../curves.js";
import type { PageRun } from "../page-data.js";
import { estimatorTitle, minus, setTo, valueText } from "../wording.js";

/** A quantity that every trial has, or a setting that some have. */
export interface TrialValue {
  readonly key: string;
  readonly name: string;
  readonly title: string;
  /** Of a row; undefined where the row has none. */
  readonly of: (row: number) => number | undefined;
}

export function trialValues({ trials, settingKeys }: PageRun): TrialValue[] {
  return [
    {
      key: "accuracy",
      name: "Accuracy",
      title: "Accuracy [%]",
      of: (row) => (100 * trials.correct[row]) / trials.total[row],
    },
    {
      key: "nmse",
      name: "NMSE",
      title: "NMSE [dB]",
      of: (row) => placeY(trials.nmse[row], "dB"),
    },
    ...settingKeys.map((key) => ({
      key: `setting ${key}`,
      name: axisTitle(key),
      title: axisTitle(key),
      of: (row: number) => trials.settings[key][row] ?? undefined,
    })),
  ];
}

export function trialLines(run: PageRun, row: number): string[] {
  const { trials } = run;
  const { label } = run.estimators[trials.estimator[row]];
  const summary = run.summary.find((s) => s.point === trials.point[row]);
  const at = run.axes.map((axis) => setTo(axis.title, summary?.parameters[axis.path] ?? ""));
  const nmse = placeY(trials.nmse[row], "dB");
  const settings = run.settingKeys.flatMap((key) => {
    const value = trials.settings[key][row];
    return value === null ? [] : [`${axisTitle(key)} = ${minus(valueText(value))}`];
  });
  const accuracy = (100 * trials.correct[row]) / trials.total[row];
  return [
    `${estimatorTitle(run, label)}, trial ${trials.trial[row]}`,
    ...(at.length > 0 ? [at.join(", ")] : []),
    `Accuracy ${accuracy.toFixed(2)} % (${trials.correct[row]} of ${trials.total[row]})`,
    `NMSE ${nmse === undefined ? "−∞" : minus(nmse.toFixed(2))} dB`,
    ...(settings.length > 0 ? [settings.join(", ")] : []),
  ];
}
