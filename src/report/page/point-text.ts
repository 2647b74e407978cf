/** What is read out of a point of a curve, a line each. */
import type { CurveChoice, PlacedPoint, Quantity, Scale } from "../curves.js";
import type { PageRun } from "../page-data.js";
import { counted, estimatorTitle, minus, setTo } from "../wording.js";

export const quantityNames: Readonly<Record<Quantity, string>> = {
  accuracy: "Accuracy",
  "error-rate": "Error rate",
  nmse: "NMSE",
  gain: "Paired gain",
};

export function pointLines(
  p: PlacedPoint,
  runs: readonly PageRun[],
  choice: CurveChoice,
  yScale: Scale,
): string[] {
  const run = runs[p.run];
  const title = estimatorTitle(run, p.estimator);
  const at = run.axes.map((axis) => setTo(axis.title, p.parameters[axis.path] ?? ""));
  if (choice.x.measured) at.push(setTo(choice.x.title, Number(Number(p.x).toPrecision(5))));
  const { quantity, baseline } = choice;
  const name = quantity === "gain" ? `Gain over ${baseline}` : quantityNames[quantity];
  const unit = unitOf(quantity, yScale);
  const write = (value: number) => valueText(value, quantity, yScale);
  return [
    runs.length > 1 ? `${title}, ${run.label}` : title,
    ...(at.length > 0 ? [at.join(", ")] : []),
    `${name} ${write(p.atY)}${unit}`,
    ...(p.atLow === null || p.atHigh === null
      ? []
      : [`95 % interval ${write(p.atLow)} to ${write(p.atHigh)}${unit}`]),
    counted(p.trials, "trial"),
  ];
}

function unitOf(quantity: Quantity, scale: Scale): string {
  if (quantity === "nmse") return scale === "dB" ? " dB" : "";
  return quantity === "gain" ? " points" : " %";
}

function valueText(value: number, quantity: Quantity, scale: Scale): string {
  const isRatio = quantity === "nmse" && scale !== "dB";
  const text = isRatio ? value.toPrecision(4) : value.toFixed(2);
  return minus(quantity === "gain" && value > 0 ? `+${text}` : text);
}
