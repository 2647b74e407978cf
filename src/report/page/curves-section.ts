/// <reference lib="dom" />
/** The curves: what is shown, against what, of which runs, estimators and points. */
import { distinctionsOf, type Series, seriesOf } from "../curve-series.js";
import { type CurveChart, curveSpec, dodgesOf } from "../curve-spec.js";
import {
  type CurveChoice,
  type CurvePoint,
  curvePoints,
  placePoints,
  type Quantity,
  quantities,
  type Scale,
  type XAxis,
  xAxes,
  xScales,
  xText,
  yScales,
} from "../curves.js";
import type { PageRun } from "../page-data.js";
import { referenceLevels } from "../reference-levels.js";
import { counted } from "../wording.js";
import { Chart, type Drawing, type Pickable } from "./chart.js";
import {
  checkedIn,
  conditionLegend,
  furtherAxes,
  type LegendState,
  legendLists,
} from "./curve-legend.js";
import { checkBox, element, select } from "./elements.js";
import { pointLines, quantityNames } from "./point-text.js";
import { onThemeChange, theme } from "./theme.js";

/** With more curves than these only the first value of each further parameter is shown at first. */
const mostCurves = 12;

const scaleNames: Readonly<Record<Scale, string>> = {
  linear: "linear",
  log: "logarithmic",
  dB: "dB",
};

export function curvesSection(host: HTMLElement, runs: readonly PageRun[]): void {
  new CurvesSection(host, runs);
}

class CurvesSection {
  readonly #runs: readonly PageRun[];
  readonly #axes: readonly XAxis[];
  /** Labels over all runs, in the order of their scenarios. */
  readonly #estimators: readonly string[];
  readonly #quantity = select("Show", () => this.#onQuantity());
  readonly #baseline = select("over", () => this.#chart.draw());
  readonly #x = select("against", () => this.#onAxis());
  readonly #from = select("x from", () => this.#chart.draw());
  readonly #to = select("to", () => this.#chart.draw());
  readonly #xScale = select("Scale of x", () => this.#chart.draw());
  readonly #yScale = select("Scale of y", () => this.#onScale());
  readonly #intervals = checkBox("95 % intervals", true, () => this.#chart.draw());
  readonly #fit = checkBox("fit y to the data", false, () => this.#chart.draw());
  readonly #lists = element("div", { class: "lists" });
  readonly #status = element("div", { class: "status" });
  readonly #chart: Chart;
  #legend: LegendState;
  /** Keys of the axes that have been on x. */
  readonly #seen = new Set<string>();

  constructor(host: HTMLElement, runs: readonly PageRun[]) {
    this.#runs = runs;
    this.#axes = xAxes(runs);
    this.#estimators = [...new Set(runs.flatMap((run) => run.estimators.map((e) => e.label)))];
    this.#legend = this.#legendOf(this.#axes[0], new Set());
    const hasGains = runs.some((run) => run.differences.length > 0);
    const shown = quantities.filter((quantity) => quantity !== "gain" || hasGains);
    this.#quantity.setOptions(shown.map((q) => ({ value: q, text: quantityNames[q] })));
    const baselines = new Set([...runs.map((run) => run.analysis.baseline), ...this.#estimators]);
    this.#baseline.setOptions([...baselines].map((label) => ({ value: label, text: label })));
    this.#x.setOptions(this.#axes.map(({ key, title }) => ({ value: key, text: title })));
    const plot = element("div");
    const controls = (...of: readonly { readonly element: HTMLElement }[]) =>
      element("div", { class: "controls" }, ...of.map((control) => control.element));
    host.append(
      controls(this.#quantity, this.#baseline, this.#x),
      this.#lists,
      plot,
      this.#status,
      controls(this.#from, this.#to, this.#xScale, this.#yScale, this.#intervals, this.#fit),
    );
    this.#chart = new Chart(plot, (width) => this.#drawing(width));
    onThemeChange(() => this.#fillLists());
    this.#onAxis();
    this.#onQuantity();
  }

  get #choice(): CurveChoice {
    return {
      x: this.#axes.find((axis) => axis.key === this.#x.value) ?? this.#axes[0],
      quantity: this.#quantity.value as Quantity,
      baseline: this.#baseline.value,
    };
  }

  #onQuantity(): void {
    const { quantity } = this.#choice;
    setScales(this.#yScale, yScales(quantity));
    this.#baseline.element.hidden = quantity !== "gain";
    this.#onScale();
  }

  /** Only a scale that ends at 0 and 100 % can be fitted to the data instead. */
  #onScale(): void {
    const { quantity } = this.#choice;
    const isPercentage = quantity === "accuracy" || quantity === "error-rate";
    this.#fit.element.hidden = !isPercentage || this.#yScale.value === "log";
    this.#chart.draw();
  }

  /** Another x: another scale, other ends and other parameters to choose from. */
  #onAxis(): void {
    const { x } = this.#choice;
    setScales(this.#xScale, xScales(x));
    const ends = hasEnds(x) ? x.values.map((v) => ({ value: String(v), text: xText(v) })) : [];
    this.#from.setOptions(ends, ends[0]?.value);
    this.#to.setOptions(ends, ends.at(-1)?.value);
    this.#legend = this.#legendOf(x, this.#legend.hidden);
    const { estimators, conditions } = this.#legend.distinctions;
    const isNew = !this.#seen.has(x.key);
    this.#seen.add(x.key);
    if (isNew && estimators.length * conditions.length > mostCurves) {
      for (const { path, values } of furtherAxes(this.#runs, x)) {
        for (const value of values.slice(1)) this.#legend.hidden.add(`${path} ${value}`);
      }
    }
    this.#fillLists();
    this.#chart.draw();
  }

  #legendOf(x: XAxis, hidden: Set<string>): LegendState {
    const points = curvePoints(this.#runs, { x, quantity: "accuracy", baseline: "" });
    const distinctions = distinctionsOf(points, this.#estimators);
    return { runs: this.#runs, x, points, distinctions, hidden };
  }

  #fillLists(): void {
    this.#lists.replaceChildren(...legendLists(this.#legend, () => this.#chart.draw()));
  }

  #isBetweenEnds({ x }: CurvePoint): boolean {
    if (!hasEnds(this.#legend.x)) return true;
    return Number(x) >= Number(this.#from.value) && Number(x) <= Number(this.#to.value);
  }

  #drawing(width: number): Drawing | string {
    const choice = this.#choice;
    const [xScale, yScale] = [this.#xScale.value as Scale, this.#yScale.value as Scale];
    const all = curvePoints(this.#runs, choice);
    const isChecked = checkedIn(this.#legend);
    const chosen = all.filter((point) => isChecked(point) && this.#isBetweenEnds(point));
    const { placed, leftOut } = placePoints(chosen, choice.x, xScale, yScale);
    const series = seriesOf(placed, this.#legend.distinctions, theme().looks);
    this.#say(series, all, leftOut);
    if (all.length === 0) return "Nothing to show: no point is finished.";
    if (placed.length === 0) return "Nothing to show: no curve is checked above.";
    const chart: CurveChart = {
      choice,
      xScale,
      yScale,
      series,
      intervals: this.#intervals.checked,
      fitY: this.#fit.checked,
      references: referenceLevels(
        [...new Set(placed.map((p) => p.run))].map((i) => this.#runs[i]),
        choice.quantity,
      ),
    };
    const size = { width, height: Math.round(Math.min(460, Math.max(290, 0.6 * width))) };
    const dodges = dodgesOf(chart, size);
    const points: Pickable[] = series.flatMap((curve, i) =>
      curve.points.map((p) => ({
        curve: String(i),
        atX: p.atX,
        atY: p.atY,
        dodge: dodges[i],
        lines: () => pointLines(p, this.#runs, choice, yScale),
      })),
    );
    const name = quantityNames[choice.quantity];
    const description = `${name} against ${choice.x.title}: ${counted(placed.length, "point")} on ${counted(series.length, "curve")}.`;
    return { spec: curveSpec(chart, size, theme().style), points, description };
  }

  #say(series: readonly Series[], all: readonly CurvePoint[], leftOut: number): void {
    const { x, quantity } = this.#choice;
    const curves = new Set(all.map((p) => JSON.stringify([p.run, p.estimator, p.group]))).size;
    const sentences = [
      `${series.length} of ${counted(curves, x.numeric ? "curve" : "receiver")} shown.`,
    ];
    if (leftOut > 0) {
      sentences.push(`${counted(leftOut, "point")} of value 0 left out: there is no place for it.`);
    }
    if (quantity === "gain") {
      sentences.push(
        "Gains are taken trial by trial; where the 95 % interval includes 0, the marker is hollow.",
      );
    }
    const keys = conditionLegend(this.#legend, series);
    this.#status.replaceChildren(
      ...(keys === undefined ? [] : [keys]),
      element("p", { class: "fine" }, sentences.join(" ")),
    );
  }
}

/** From and to are for a swept number; of two values there would be nothing left to choose. */
function hasEnds(x: XAxis): boolean {
  return x.numeric && !x.measured && x.values.length > 2;
}

function setScales(control: ReturnType<typeof select>, scales: readonly Scale[]): void {
  control.setOptions(
    scales.map((scale) => ({ value: scale, text: scaleNames[scale] })),
    scales[0],
  );
}
