/**
 * `index.html`: one page that needs nothing else and asks the network for nothing. It holds
 * the figure, the numbers behind it, and all it takes to repeat the run.
 */
import type { ModelRecord, PointSummary, RunResult } from "../study/results.js";
import { figureDescription } from "./figure.js";
import { reportStyle } from "./html-style.js";
import {
  cleanAccuracy,
  cleanSentence,
  decibels,
  estimatorTitle,
  grouped,
  hasIntervals,
  hasOracle,
  incompleteSentence,
  minus,
  modelTitle,
  oracleSentence,
  orderedSummary,
  percent,
  setTo,
  shortPercent,
  valueText,
  weightsSent,
} from "./wording.js";

export function htmlReport(run: RunResult, svg: string): string {
  const title = escapeHtml(run.title);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${reportStyle}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p class="lead">${escapeHtml(leadSentence(run))}</p>
${notices(run)}
${figure(run, svg)}
${section("Results", resultTable(run))}
${section("Estimators", estimatorTable(run))}
${section("Model and data set", run.models.map((model) => facts(modelFacts(model))).join("\n"))}
${section("How to reproduce", reproduction(run))}
${section("Conventions", facts(Object.entries(run.conventions)))}
${section("Versions and files", facts(versionFacts(run)) + fileTable(run))}
</main>
<footer><p>Weightlink ${escapeHtml(run.weightlink)}, run ${escapeHtml(run.name)}, started ${escapeHtml(
    run.startedAt.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC"),
  )}, took ${duration(run.elapsedS)}.</p></footer>
</body>
</html>
`;
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** What was sent, what it was worth before, and the range of what arrived. */
function leadSentence(run: RunResult): string {
  const clean = cleanAccuracy(run);
  const scores = clean === undefined ? "" : ` scores ${shortPercent(clean)}\u00a0%`;
  const sent = `${modelTitle(run)} (${weightsSent(run)})${scores} before it goes over the link`;
  const ordered = [...run.summary].sort((a, b) => a.accuracy - b.accuracy);
  const worst = ordered[0];
  const best = ordered.at(-1);
  if (worst === undefined || best === undefined) return `${sent}.`;
  const extent = run.complete
    ? `, over ${count(run.points, "point")} of ${count(run.trialsPerPoint, "trial")}`
    : "";
  return `${sent}; what arrives scores from ${withPlace(run, worst)} to ${withPlace(run, best)}${extent}.`;
}

function withPlace(run: RunResult, summary: PointSummary): string {
  const setting = run.axes.map((a) => setTo(a.title, summary.parameters[a.path] ?? "")).join(", ");
  const place = setting === "" ? "" : ` at ${setting}`;
  const accuracy = percent(summary.accuracy, 1);
  return `${accuracy}\u00a0% (${estimatorTitle(run, summary.estimator)}${place})`;
}

function count(number: number, noun: string): string {
  return `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
}

function notices(run: RunResult): string {
  const incomplete = incompleteSentence(run);
  return [
    ...(incomplete === undefined ? [] : [incomplete]),
    ...run.notes,
    ...(hasOracle(run) ? [oracleSentence] : []),
  ]
    .map((text) => `<p class="notice" role="note">${escapeHtml(text)}</p>`)
    .join("\n");
}

function figure(run: RunResult, svg: string): string {
  const description = escapeHtml(figureDescription(run));
  // Shrunk to a phone's width the labels could not be read: below this it scrolls instead.
  const width = Number(/<svg[^>]* width="([\d.]+)"/.exec(svg)?.[1] ?? 600);
  const size = `min-width: ${Math.round(0.75 * width)}px; max-width: ${Math.round(1.25 * width)}px`;
  const labelled = svg
    .slice(svg.indexOf("<svg"))
    .replace("<svg", `<svg role="img" aria-label="${description}" style="${size}"`);
  return `<figure>
<div class="paper" tabindex="0" role="group" aria-label="Figure; scrolls sideways on narrow screens">
${labelled}
</div>
<figcaption>${escapeHtml(captionText(run))}
Beside this page: <a href="figure.svg">figure.svg</a>, <a href="figure.png">figure.png</a>,
<a href="results.csv">results.csv</a> (one row per trial and estimator),
<a href="results.json">results.json</a> (everything).</figcaption>
</figure>`;
}

function captionText(run: RunResult): string {
  const intervals = hasIntervals(run)
    ? "Intervals are 95 % Student t intervals of the mean over trials."
    : "One trial per point: no interval over trials.";
  return `${intervals} ${cleanSentence(run)}`;
}

interface Column {
  readonly title: string;
  readonly text?: boolean;
  readonly cell: (summary: PointSummary) => string;
}

function resultTable(run: RunResult): string {
  const db = (value: number) => (Number.isFinite(value) ? value.toFixed(2) : `${value}`);
  const measured: Column[] = [
    { title: "SNR [dB]", cell: (s) => db(s.snrDb) },
    { title: "WNR [dB]", cell: (s) => db(s.wnrDb) },
  ];
  const columns: Column[] = [
    ...run.axes.map((axis) => ({
      title: axis.title,
      text: axis.values.some((value) => typeof value !== "number"),
      cell: (s: PointSummary) => valueText(s.parameters[axis.path] ?? ""),
    })),
    { title: "Estimator", text: true, cell: (s) => estimatorTitle(run, s.estimator) },
    { title: "Accuracy [%]", cell: (s) => percent(s.accuracy) },
    { title: "95 % interval [%]", cell: intervalText },
    { title: "Trials", cell: (s) => String(s.trials) },
    ...measured.filter((column) => run.axes.every((axis) => axis.title !== column.title)),
    { title: "NMSE [dB]", cell: (s) => decibels(s.nmse) },
  ];
  let point: number | undefined;
  const rows = orderedSummary(run).map((summary) => {
    const first = summary.point !== point;
    point = summary.point;
    const cells = columns.map((c) => cell("td", minus(c.cell(summary)), c.text));
    return `<tr${first ? ' class="first"' : ""}>${cells.join("")}</tr>`;
  });
  return table(
    "Accuracy by point and estimator, mean over trials",
    columns.map((c) => cell('th scope="col"', c.title, c.text)),
    rows,
    "results",
  );
}

function intervalText(summary: PointSummary): string {
  if (summary.interval95 === null) return "";
  return summary.interval95.map((end) => percent(end)).join(" to ");
}

function estimatorTable(run: RunResult): string {
  const header = ["Label", "Estimator", "Told beyond the received symbols", "Setting"];
  const rows = run.estimators.map((estimator) => {
    const told = estimator.needs.length === 0 ? "nothing" : estimator.needs.join(", ");
    const row = [
      estimatorTitle(run, estimator.label),
      estimator.name,
      told,
      settingText(run, estimator.label),
    ];
    return `<tr>${row.map((text) => cell("td", text, true)).join("")}</tr>`;
  });
  return table(
    "Side information that each estimator used",
    header.map((text) => cell('th scope="col"', text, true)),
    rows,
  );
}

function settingText(run: RunResult, label: string): string {
  const trials = run.trials.filter((trial) => trial.estimator === label);
  const searches = trials.flatMap((trial) => (trial.search === undefined ? [] : [trial.search]));
  if (searches.length === 0) {
    const setting = Object.entries(trials[0]?.setting ?? {});
    return setting.map(([key, value]) => `${key} = ${valueText(value)}`).join(", ") || "none";
  }
  const images = range(searches.map((search) => search.images));
  const settings = range(searches.map((search) => search.settings));
  const where = searches[0]!.chosenBy === "oracle" ? "test images" : "labelled validation images";
  const leftOut = range(searches.map((search) => search.leftOut));
  const pole = leftOut === "0" ? "" : `, ${leftOut} left out at or beyond the pole λ′ = 1 + η`;
  return `chosen among ${settings} settings on ${images} ${where}${pole}`;
}

function range(values: readonly number[]): string {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  return low === high ? grouped(low) : `${grouped(low)} to ${grouped(high)}`;
}

function modelFacts({ clean, dataset, ...model }: ModelRecord): [string, string][] {
  return [
    ["Model", `${model.name} (${model.format})`],
    ["Scored by", model.runtime],
    [
      "Weights sent",
      `${grouped(model.travellingWeights)} in ${count(model.travellingTensors, "tensor")}`,
    ],
    [
      "Of these",
      `mean ${exact(model.mean)}, variance ${exact(model.variance)}, mean square ${exact(model.meanSquare)}`,
    ],
    [
      "Clean accuracy",
      `${percent(clean.correct / clean.total)} % (${grouped(clean.correct)} of ${grouped(clean.total)})`,
    ],
    [
      "Data set",
      `${dataset.name}: ${count(dataset.images, "test image")}, ${dataset.classes} classes`,
    ],
  ];
}

function exact(value: number): string {
  return minus(String(Number(value.toPrecision(6))));
}

function reproduction(run: RunResult): string {
  const overrides =
    run.overrides.length === 0
      ? ""
      : `<p>Overrides, in order: ${run.overrides.map((o) => `<code>${escapeHtml(o)}</code>`).join(", ")}.</p>\n`;
  return `<pre><code>${escapeHtml(run.command)}</code></pre>
${overrides}<h3>Scenario ${escapeHtml(run.scenarioFile)}</h3>
<pre><code>${escapeHtml(run.scenarioText)}</code></pre>`;
}

function versionFacts(run: RunResult): [string, string][] {
  return [["Seed", String(run.seed)], ...Object.entries(run.versions)];
}

function fileTable(run: RunResult): string {
  const files = Object.entries(run.files);
  if (files.length === 0) return "";
  const rows = files.map(
    ([file, hash]) =>
      `<tr>${cell("td", file, true)}<td class="text"><code>${escapeHtml(hash)}</code></td></tr>`,
  );
  const header = ["File", "SHA-256"].map((text) => cell('th scope="col"', text, true));
  return table("Model and data files that were read", header, rows);
}

function section(title: string, content: string): string {
  return `<section>\n<h2>${escapeHtml(title)}</h2>\n${content}\n</section>`;
}

function table(
  caption: string,
  header: readonly string[],
  rows: readonly string[],
  style = "facts",
): string {
  const label = escapeHtml(caption);
  return `<div class="scroll" tabindex="0" role="group" aria-label="${label}">
<table class="${style}">
<caption>${label}</caption>
<thead><tr>${header.join("")}</tr></thead>
<tbody>
${rows.join("\n")}
</tbody>
</table>
</div>`;
}

function cell(tag: string, text: string, isText = false): string {
  return `<${tag}${isText ? ' class="text"' : ""}>${escapeHtml(text)}</${tag.split(" ")[0]}>`;
}

function facts(entries: readonly (readonly [string, string])[]): string {
  const rows = entries.map(
    ([term, fact]) => `<div><dt>${escapeHtml(term)}</dt><dd>${escapeHtml(fact)}</dd></div>`,
  );
  return `<dl>\n${rows.join("\n")}\n</dl>`;
}

function duration(seconds: number): string {
  if (seconds < 120) return `${Number(seconds.toFixed(1))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
