/** The checks as text: a heading and a table each, and what came of all. */
import { fitted } from "../report/table.js";
import { type CheckedPoint, type CheckResult, toleranceSe } from "./check.js";

const digits = 5;

export function checkText(result: CheckResult, width: number): string {
  const { channel, name, source, points } = result;
  const lines = fitted<CheckedPoint>(
    {
      rows: points,
      keys: [{ title: result.x, cell: ({ at }) => String(at) }],
      values: [
        { title: "theory", cell: ({ theory }) => theory.toPrecision(digits) },
        { title: "simulated", cell: ({ simulated }) => simulated.toPrecision(digits) },
        {
          title: "95 % interval",
          cell: ({ interval95: [low, high] }) =>
            `${low.toPrecision(digits)} .. ${high.toPrecision(digits)}`,
        },
        { title: "off by [standard errors]", cell: (point) => deviation(point).toFixed(1) },
        { title: "", isText: true, cell: ({ passed }) => (passed ? "pass" : "FAIL") },
      ],
      group: ({ at }) => at,
    },
    width,
  );
  return `${channel}: ${name}\n  ${source}\n${lines.join("\n")}\n`;
}

/** Standard errors between simulation and theory. */
export function deviation({ simulated, theory, standardError }: CheckedPoint): number {
  return simulated === theory ? 0 : (simulated - theory) / standardError;
}

export function summaryText(results: readonly CheckResult[]): string {
  const points = results.flatMap((result) => result.points);
  const failed = results.filter(({ passed }) => !passed);
  const verdict =
    failed.length === 0
      ? `All ${results.length} checks pass (${points.length} points)`
      : `${failed.length} of ${results.length} checks FAIL: ${failed.map(({ channel, name }) => `${channel}: ${name}`).join("; ")}`;
  return (
    `${verdict}.\nA point passes within ${toleranceSe} standard errors of the theory. Of the 95 % intervals of a true ` +
    "simulation, one in twenty leaves the theory out.\n"
  );
}
