/**
 * The page of one or several runs: a single file with everything in it, for any browser, offline.
 *
 * Its charts are drawn by the script in it (src/report/page/) from the data in it; tables and texts
 * stand in the page without the script. The page's own policy lets no request out and no other script
 * run. Vega compiles expressions, hence 'unsafe-eval'.
 */
import type { PointSummary, RunResult } from "../study/results.js";
import { embeddedJson } from "./embedded-json.js";
import { code, escapeHtml, paragraphs, section } from "./html-parts.js";
import {
  type NamedRun,
  resultNote,
  resultTable,
  targetTable,
  tensorTable,
} from "./html-results.js";
import { runSections, timeText } from "./html-run.js";
import { reportStyle } from "./html-style.js";
import { pageData } from "./page-data.js";
import { pageScript, sha256Source } from "./page-script.js";
import { runLabels } from "./run-labels.js";
import {
  cleanAccuracy,
  counted,
  estimatorTitle,
  hasOracle,
  incompleteSentence,
  minus,
  modelTitle,
  oracleSentence,
  percent,
  setTo,
  shortPercent,
  trialsText,
  weightsSent,
} from "./wording.js";

export { escapeHtml } from "./html-parts.js";

export interface PageOptions {
  /** Folders of the runs, in order: they tell apart runs of one name. */
  readonly folders?: readonly string[];
  /** Files beside the page to link to. */
  readonly beside?: readonly string[];
}

/** Throws without a run. */
export function htmlReport(runs: readonly RunResult[], options: PageOptions = {}): string {
  if (runs.length === 0) throw new RangeError("htmlReport: needs at least one run");
  const labels = runLabels(runs, options.folders);
  const named = runs.map((run, i) => ({ run, label: labels[i] }));
  const title = escapeHtml(pageTitle(runs));
  const script = pageScript();
  const policy = [
    "default-src 'none'",
    `script-src ${sha256Source(script)} 'unsafe-eval'`,
    "style-src 'unsafe-inline'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${reportStyle}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${runs.length === 1 ? lead(named[0]) : named.map(leadOfMany).join("\n")}
${named.map((one) => notices(one, runs.length > 1)).join("\n")}
${contents(runs)}
${resultSections(named)}
${runs.length === 1 ? runSections(runs[0]) : named.map(detailsOf).join("\n")}
</main>
<footer>${named.map((one) => footer(one, runs.length > 1)).join("\n")}${besideText(options.beside)}</footer>
<script type="application/json" id="data">${embeddedJson(pageData(runs, labels))}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** The title that the runs share; else how many they are. */
function pageTitle(runs: readonly RunResult[]): string {
  const titles = new Set(runs.map((run) => run.title));
  const [first] = titles;
  if (runs.length === 1) return first;
  return titles.size === 1 ? `${first}: ${runs.length} runs` : `${runs.length} runs compared`;
}

function lead({ run }: NamedRun): string {
  return paragraphs([leadSentence(run)], "lead");
}

function leadOfMany({ run, label }: NamedRun): string {
  const title = run.title === label ? "" : ` ${escapeHtml(run.title)}.`;
  return `<p class="lead"><b>${escapeHtml(label)}:</b>${title} ${escapeHtml(leadSentence(run))}</p>`;
}

/** What was sent, what it was worth before, and the range of what arrived. */
function leadSentence(run: RunResult): string {
  const clean = cleanAccuracy(run);
  const scores = clean === undefined ? "" : ` scores ${shortPercent(clean)}\u00a0%`;
  const sent = `${modelTitle(run)} (${weightsSent(run)})${scores} before it goes over the link`;
  const ordered = [...run.summary].sort((a, b) => a.accuracy - b.accuracy);
  const [worst] = ordered;
  const best = ordered.at(-1);
  if (worst === undefined || best === undefined) return `${sent}; nothing has arrived yet.`;
  const extent = run.complete
    ? `, over ${counted(run.points, "point")} of ${trialsText(run.trialsPerPoint)}`
    : "";
  return `${sent}; what arrives scores from ${withPlace(run, worst)} to ${withPlace(run, best)}${extent}.`;
}

function withPlace(run: RunResult, summary: PointSummary): string {
  const setting = run.axes.map((a) => setTo(a.title, summary.parameters[a.path] ?? "")).join(", ");
  const place = setting === "" ? "" : ` at ${setting}`;
  const accuracy = percent(summary.accuracy, 1);
  return `${minus(accuracy)}\u00a0% (${estimatorTitle(run, summary.estimator)}${place})`;
}

function notices({ run, label }: NamedRun, isOneOfMany: boolean): string {
  const incomplete = incompleteSentence(run);
  const texts = [
    ...(incomplete === undefined ? [] : [incomplete]),
    ...run.notes,
    ...(hasOracle(run) ? [oracleSentence] : []),
  ];
  return paragraphs(
    texts.map((text) => (isOneOfMany ? `${label}: ${text}` : text)),
    "notice",
  );
}

function contents(runs: readonly RunResult[]): string {
  const links = [
    ["curves-section", "Curves"],
    ["results", "Results"],
    ...(hasTargets(runs) ? [["targets", "Required ratio"]] : []),
    ...(hasTrials(runs) ? [["trials-section", "Trials"]] : []),
    ...(hasTimelines(runs) ? [["timeline-section", "One transmission"]] : []),
    ...(runs.length === 1
      ? [
          ["model", "Model"],
          ["reproduce", "Reproduce"],
        ]
      : [["run-1", "Runs"]]),
  ];
  const items = links.map(([id, text]) => `<li><a href="#${id}">${text}</a></li>`);
  return `<nav aria-label="Contents"><ul>${items.join("")}</ul></nav>`;
}

const hasTrials = (runs: readonly RunResult[]) => runs.some((run) => run.trials.length > 0);
const hasTargets = (runs: readonly RunResult[]) => runs.some((run) => run.targets.length > 0);
const hasTimelines = (runs: readonly RunResult[]) => runs.some((run) => run.timelines.length > 0);

function resultSections(named: readonly NamedRun[]): string {
  const runs = named.map(({ run }) => run);
  const needsScript =
    '<noscript><p class="notice">The charts need JavaScript; the tables below hold the same numbers.</p></noscript>';
  const notes = named.map((one) => resultNote(one.run));
  const isSame = new Set(notes).size === 1;
  const texts = isSame ? notes.slice(0, 1) : notes.map((note, i) => `${named[i].label}: ${note}`);
  return [
    section("curves-section", "Curves", `${needsScript}<div id="curves"></div>`),
    section("results", "Results", resultTable(named) + paragraphs(texts, "fine")),
    tensorTable(named),
    ...(hasTargets(runs)
      ? [section("targets", "Ratio required for a target accuracy", targetTable(named))]
      : []),
    ...(hasTrials(runs) ? [section("trials-section", "Trials", '<div id="trials"></div>')] : []),
    ...(hasTimelines(runs)
      ? [section("timeline-section", "One transmission", '<div id="timeline"></div>')]
      : []),
  ].join("\n");
}

/** A run among others: its details are folded away. */
function detailsOf({ run, label }: NamedRun, index: number): string {
  const id = `run-${index + 1}`;
  return `<details id="${id}">
<summary><h2>${escapeHtml(label)}</h2></summary>
${code(run.command, "Command that repeats the run")}
${runSections(run, `${id}-`, 3)}
</details>`;
}

function footer({ run, label }: NamedRun, isOneOfMany: boolean): string {
  const name = isOneOfMany ? `run ${run.name} (${label})` : `run ${run.name}`;
  return paragraphs(
    [
      `Weightlink ${run.weightlink}, ${name}, started ${timeText(run.startedAt)}, took ${duration(run.elapsedS)}.`,
    ],
    "fine",
  );
}

function besideText(files: readonly string[] = []): string {
  if (files.length === 0) return "";
  const links = files.map((file) => `<a href="${encodeURI(file)}">${escapeHtml(file)}</a>`);
  return `<p class="fine">Beside this page: ${links.join(", ")}.</p>`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Number(seconds.toFixed(1))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
