/// <reference lib="dom" />
/** Every trial of a run as a dot: along a parameter, along the trials, or paired with the baseline. */
import { type Distinctions, type Look, lookOf } from "../curve-series.js";
import { placeX, type XAxis, xAxes, xScales, xText } from "../curves.js";
import type { PageRun } from "../page-data.js";
import { counted, estimatorTitle, setTo } from "../wording.js";
import { Chart, type Drawing } from "./chart.js";
import { checkList, element, select } from "./elements.js";
import { type Dot, scatterSpec } from "./scatter-spec.js";
import { swatch } from "./swatch.js";
import { onThemeChange, theme } from "./theme.js";
import { type TrialValue, trialLines, trialValues } from "./trial-rows.js";

interface TrialDot extends Dot {
  readonly row: number;
}

const byTrial = "trial";
const paired = "paired";
const allPoints = "all";

export function trialsSection(host: HTMLElement, runs: readonly PageRun[]): void {
  new TrialsSection(
    host,
    runs.filter((run) => run.trials.point.length > 0),
  );
}

class TrialsSection {
  readonly #runs: readonly PageRun[];
  readonly #run = select("Run", () => this.#onRun());
  readonly #value = select("Show", () => this.#chart.draw());
  readonly #x = select("against", () => this.#chart.draw());
  readonly #point = select("at", () => this.#chart.draw());
  readonly #lists = element("div", { class: "lists" });
  readonly #chart: Chart;
  /** Labels of the estimators that were unchecked. */
  readonly #hidden = new Set<string>();

  constructor(host: HTMLElement, runs: readonly PageRun[]) {
    this.#runs = runs;
    this.#run.setOptions(runs.map((run, i) => ({ value: String(i), text: run.label })));
    const plot = element("div");
    const controls = [this.#run, this.#value, this.#x, this.#point];
    host.append(
      element("div", { class: "controls" }, ...controls.map((c) => c.element)),
      this.#lists,
      plot,
    );
    this.#chart = new Chart(plot, (width) => this.#drawing(width));
    onThemeChange(() => this.#fillList());
    this.#onRun();
  }

  get #shown(): PageRun {
    return this.#runs[Number(this.#run.value)];
  }

  #onRun(): void {
    const run = this.#shown;
    this.#value.setOptions(trialValues(run).map(({ key, name }) => ({ value: key, text: name })));
    const swept = xAxes([run]).filter((axis) => !axis.measured);
    const { baseline } = run.analysis;
    this.#x.setOptions([
      ...swept.map(({ key, title }) => ({ value: `axis ${key}`, text: title })),
      { value: byTrial, text: "Trial" },
      ...(run.estimators.length > 1
        ? [{ value: paired, text: `the same of ${baseline}, in pairs` }]
        : []),
    ]);
    const parameters = new Map(run.summary.map((s) => [s.point, s.parameters]));
    const points = [...parameters].map(([point, set]) => ({
      value: String(point),
      text: run.axes.map((axis) => setTo(axis.title, set[axis.path] ?? "")).join(", "),
    }));
    this.#point.setOptions([
      { value: allPoints, text: "all points" },
      ...(points.length > 1 ? points : []),
    ]);
    this.#fillList();
    this.#chart.draw();
  }

  #fillList(): void {
    const run = this.#shown;
    const choices = run.estimators.map(({ label }) => ({
      key: label,
      label: estimatorTitle(run, label),
      swatch: swatch(this.#look(label), "marker"),
    }));
    const list = checkList(
      "Estimators",
      choices,
      (key) => !this.#hidden.has(key),
      (key, checked) => {
        if (checked) this.#hidden.delete(key);
        else this.#hidden.add(key);
        this.#chart.draw();
      },
    );
    this.#lists.replaceChildren(...(choices.length > 1 ? [list] : []));
  }

  /** The same colours as the curves have. */
  #look(label: string): Look {
    const estimators = [...new Set(this.#runs.flatMap((r) => r.estimators.map((e) => e.label)))];
    const all: Distinctions = { estimators, conditions: [] };
    return lookOf({ run: 0, group: "", estimator: label }, all, theme().looks);
  }

  /** The axis along which dots lie; undefined where that is no parameter. */
  get #axis(): XAxis | undefined {
    return xAxes([this.#shown]).find((axis) => `axis ${axis.key}` === this.#x.value);
  }

  #drawing(width: number): Drawing | string {
    const run = this.#shown;
    const value = trialValues(run).find(({ key }) => key === this.#value.value)!;
    const dots = this.#dots(value);
    const shown = [...dots.keys()];
    if (shown.length === 0) return "Nothing to show: no trial that is checked has this value.";
    const axis = this.#axis;
    // Estimators at one place of an axis lie beside each other.
    const step = axis === undefined || axis.key === "" ? 0 : Math.min(8, 26 / shown.length);
    const kinds = shown.map((estimator, i) => ({
      ...this.#look(run.estimators[estimator].label),
      dodge: (i - (shown.length - 1) / 2) * step,
      dots: dots.get(estimator)!,
    }));
    const isPaired = this.#x.value === paired;
    const scale = axis && xScales(axis)[0];
    const spec = scatterSpec(
      {
        kinds,
        xTitle: this.#xTitle(value),
        yTitle: isPaired ? ofWhom(value.title, "the estimator") : value.title,
        isLogX: scale === "log",
        ticksX: axis?.numeric && scale !== "log" ? axis.values.map(Number) : [],
        isPaired,
      },
      {
        width: isPaired ? Math.min(width, 520) : width,
        height: Math.round(
          isPaired ? Math.min(width, 460) : Math.min(400, Math.max(260, width / 2)),
        ),
      },
      theme().style,
    );
    const points = kinds.flatMap((kind, i) =>
      kind.dots.map(({ row, atX, atY }) => ({
        curve: String(i),
        atX,
        atY,
        dodge: kind.dodge,
        lines: () => trialLines(run, row),
      })),
    );
    const description = `${value.title} of ${counted(points.length, "trial")}, one dot each.`;
    return { spec, points, description };
  }

  /** By estimator, from left to right. */
  #dots(value: TrialValue): Map<number, TrialDot[]> {
    const { trials, estimators } = this.#shown;
    const only = this.#point.value === allPoints ? undefined : Number(this.#point.value);
    const placeOf = this.#placeOf(value);
    const dots = new Map<number, TrialDot[]>();
    for (const estimator of estimators.keys()) {
      if (this.#hidden.has(estimators[estimator].label)) continue;
      const own: TrialDot[] = [];
      for (const row of trials.point.keys()) {
        if (trials.estimator[row] !== estimator) continue;
        if (only !== undefined && trials.point[row] !== only) continue;
        const [atX, atY] = [placeOf(row), value.of(row)];
        if (atX !== undefined && atY !== undefined) own.push({ row, atX, atY });
      }
      // Text has the order of the points, and so have the trials.
      own.sort((a, b) => (typeof a.atX === "number" ? a.atX - Number(b.atX) : 0));
      if (own.length > 0) dots.set(estimator, own);
    }
    return dots;
  }

  /** Where a row stands on x; undefined where it has no place. */
  #placeOf(value: TrialValue): (row: number) => number | string | undefined {
    const run = this.#shown;
    const { trials, estimators } = run;
    if (this.#x.value === byTrial) return (row) => trials.trial[row];
    if (this.#x.value === paired) {
      const baseline = estimators.findIndex((e) => e.label === run.analysis.baseline);
      const key = (row: number) => `${trials.point[row]} ${trials.trial[row]}`;
      const rows = [...trials.point.keys()].filter((row) => trials.estimator[row] === baseline);
      const values = new Map(rows.map((row) => [key(row), value.of(row)]));
      return (row) => (trials.estimator[row] === baseline ? undefined : values.get(key(row)));
    }
    const axis = this.#axis!;
    if (axis.key === "") {
      return (row) => estimatorTitle(run, estimators[trials.estimator[row]].label);
    }
    const parameters = new Map(run.summary.map((s) => [s.point, s.parameters]));
    const [scale] = xScales(axis);
    return (row) => {
      const set = parameters.get(trials.point[row])?.[axis.key] ?? "";
      return axis.numeric ? placeX(Number(set), axis, scale) : xText(set);
    };
  }

  #xTitle(value: TrialValue): string {
    if (this.#x.value === byTrial) return "Trial";
    if (this.#x.value === paired) return ofWhom(value.title, this.#shown.analysis.baseline);
    return this.#axis?.key === "" ? "" : (this.#axis?.title ?? "");
  }
}

/** `Accuracy of ML [%]` */
function ofWhom(title: string, whom: string): string {
  return title.replace(/( \[|$)/, ` of ${whom}$1`);
}
