/**
 * Writes what a federated run leaves beside its trainings: all of it follows from these and can be written again.
 */
import type { RoundRecord } from "../federated/history.js";
import { type FederatedResult, type FinishedCourse, progressKeys } from "../federated/results.js";
import { replaceFiles } from "../files/replace.js";
import { csvLine } from "./csv.js";
import { progressSpec, sweepSpec } from "./federated-figure.js";
import { federatedMarkdown } from "./federated-table.js";
import { finiteJson } from "./json-records.js";
import { renderPng, renderSvg } from "./render.js";

/** Names of the figures along the way. */
const progressFiles = {
  round: "accuracy-rounds",
  timeS: "accuracy-time",
  airtimeS: "accuracy-airtime",
  energy: "accuracy-energy",
} as const;

/** Paths of the files written: numbers first, since they cannot be drawn again. */
export async function writeFederatedReport(
  folder: string,
  result: FederatedResult,
  courses: readonly FinishedCourse[],
): Promise<string[]> {
  const files = await replaceFiles(folder, {
    "results.json": `${JSON.stringify(result, finiteJson, 2)}\n`,
    "rounds.csv": roundsCsv(result, courses),
    "table.md": federatedMarkdown(result),
  });
  if (courses.length === 0) return files;
  const sweep = sweepSpec(result);
  const specs = [
    ...progressKeys.map((key) => [progressFiles[key], progressSpec(result, key)] as const),
    ...(sweep === undefined ? [] : [["accuracy-sweep", sweep] as const]),
  ];
  for (const [name, spec] of specs) {
    const svg = await renderSvg(spec);
    files.push(
      ...(await replaceFiles(folder, { [`${name}.svg`]: svg, [`${name}.png`]: renderPng(svg) })),
    );
  }
  return files;
}

const columns: Readonly<Record<string, (record: RoundRecord) => number | string | undefined>> = {
  round: (r) => r.round,
  accuracy: (r) => r.accuracy,
  correct: (r) => r.correct,
  total: (r) => r.total,
  loss: (r) => r.loss,
  learningRate: (r) => r.learningRate,
  trainingLoss: (r) => r.trainingLoss,
  nmse: (r) => r.nmse,
  downlinkNmse: (r) => r.downlinkNmse,
  noiseVariance: (r) => r.noiseVariance,
  timeS: (r) => r.timeS,
  airtimeS: (r) => r.airtimeS,
  energy: (r) => r.energy,
  active: (r) => r.active.join(" "),
  dropped: (r) => r.dropped.join(" "),
  late: (r) => r.late.join(" "),
  heard: (r) => r.heard.join(" "),
  energies: (r) => r.energies.join(" "),
  setting: (r) => (r.setting === undefined ? undefined : JSON.stringify(r.setting)),
  validationCorrect: (r) => r.search?.correct,
  imageInferences: (r) => r.search?.imageInferences,
  lost: (r) => (r.lost ? 1 : 0),
  diverged: (r) => (r.diverged ? 1 : 0),
};

/** One row per round of every finished training; what does not apply is empty. */
export function roundsCsv(
  { axes, points }: Pick<FederatedResult, "axes" | "points">,
  courses: readonly FinishedCourse[],
): string {
  const paths = axes.map(({ path }) => path);
  const header = csvLine(["point", ...paths, "trial", "receiver", ...Object.keys(columns)]);
  const ordered = [...courses].sort(
    (a, b) => a.point - b.point || a.trial - b.trial || a.receiver - b.receiver,
  );
  const rows = ordered.flatMap(({ point, trial, label, records }) =>
    records.map((record) =>
      csvLine([
        point,
        ...paths.map((path) => points[point][path]),
        trial,
        label,
        ...Object.values(columns).map((cell) => cell(record)),
      ]),
    ),
  );
  return header + rows.join("");
}
