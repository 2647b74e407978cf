/** Levels that curves are read against: clean accuracy and chance, or no gain. */
import type { Reference } from "./curve-spec.js";
import type { CurveRun, Quantity } from "./curves.js";
import { shortPercent } from "./wording.js";

/** Those that all of the runs have in common. */
export function referenceLevels(
  runs: readonly Pick<CurveRun, "clean" | "chance">[],
  quantity: Quantity,
): Reference[] {
  if (quantity === "nmse") return [];
  if (quantity === "gain") return [{ level: 0, label: "", isDotted: false, side: "left" }];
  return (["clean", "chance"] as const).flatMap((name): Reference[] => {
    const levels = new Set(runs.map((run) => run[name]));
    const [accuracy] = levels;
    if (levels.size !== 1 || accuracy === undefined) return [];
    const level = quantity === "accuracy" ? accuracy : 1 - accuracy;
    const label = `${name} ${shortPercent(level)} %`;
    // Curves rise from chance to clean: their names stand where the curves are not.
    const isDotted = name === "chance";
    return [{ level: 100 * level, label, isDotted, side: isDotted ? "right" : "left" }];
  });
}
