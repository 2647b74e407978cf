/** What the page says of one run beside its results: how it was made, and how to make it again. */
import type { ModelRecord, RunResult, Session } from "../study/results.js";
import { type Column, code, escapeHtml, facts, section, table } from "./html-parts.js";
import { counted, estimatorTitle, grouped, minus, percent, valueText } from "./wording.js";

/** `prefix` keeps the ids of several runs apart; `level` is that of the headings. */
export function runSections(run: RunResult, prefix = "", level = 2): string {
  const parts: [string, string, string][] = [
    ["estimators", "Estimators", estimatorTable(run)],
    ["model", "Model and data set", run.models.map((model) => facts(modelFacts(model))).join("\n")],
    ["reproduce", "How to reproduce", reproduction(run, level + 1)],
    ["sessions", "Sessions and events", sessionTable(run) + eventTable(run)],
    ["conventions", "Conventions", facts(Object.entries(run.conventions))],
    [
      "versions",
      "Versions and files",
      facts([["Seed", String(run.seed)], ...Object.entries(run.versions)]) + fileTable(run),
    ],
  ];
  return parts
    .map(([id, title, content]) => section(prefix + id, title, content, level))
    .join("\n");
}

type Estimator = RunResult["estimators"][number];

function estimatorTable(run: RunResult): string {
  const columns: Column<Estimator>[] = [
    { title: "Label", isText: true, cell: (e) => estimatorTitle(run, e.label) },
    { title: "Estimator", isText: true, cell: (e) => e.name },
    {
      title: "Told beyond the received symbols",
      isText: true,
      cell: (e) => (e.needs.length === 0 ? "nothing" : e.needs.join(", ")),
    },
    { title: "Setting", isText: true, cell: (e) => settingText(run, e.label) },
  ];
  return table(run.estimators, columns, { caption: "Side information that each estimator used" });
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
  const [first] = searches;
  const where = first.chosenBy === "oracle" ? "test images" : "labelled validation images";
  const how = first.method === "race" ? "by racing" : "on a grid";
  const cost = range(searches.map((search) => search.imageInferences));
  const leftOut = range(searches.map((search) => search.leftOut));
  const pole = leftOut === "0" ? "" : `; ${leftOut} left out at or beyond the pole λ′ = 1 + η`;
  return `chosen ${how} among ${settings} settings on ${images} ${where}, for ${cost} image inferences per trial${pole}`;
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
      `${grouped(model.travellingWeights)} in ${counted(model.travellingTensors, "tensor")}`,
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
      `${dataset.name}: ${counted(dataset.images, "test image")}, ${dataset.classes} classes`,
    ],
  ];
}

function exact(value: number): string {
  return minus(String(Number(value.toPrecision(6))));
}

function reproduction(run: RunResult, level: number): string {
  const overrides =
    run.overrides.length === 0
      ? ""
      : `<p>Overrides, in order: ${run.overrides.map((o) => `<code>${escapeHtml(o)}</code>`).join(", ")}.</p>\n`;
  return `${code(run.command, "Command that repeats the run")}
${overrides}<h${level}>Scenario ${escapeHtml(run.scenarioFile)}</h${level}>
${code(run.scenarioText, "Scenario")}`;
}

function sessionTable(run: RunResult): string {
  const columns: Column<Session>[] = [
    { title: "Started", isText: true, cell: (s) => timeText(s.startedAt) },
    {
      title: "Ended",
      isText: true,
      cell: (s) => (s.endedAt === undefined ? "running, or killed" : timeText(s.endedAt)),
    },
    { title: "Host", isText: true, cell: (s) => `${s.host}, ${s.platform}` },
    { title: "Processor", isText: true, cell: (s) => `${s.cpu}, ${counted(s.cores, "core")}` },
    { title: "Workers", cell: (s) => String(s.workers) },
    { title: "Threads each", cell: (s) => String(s.threadsPerWorker) },
    {
      title: "Commit",
      isText: true,
      isCode: true,
      cell: ({ git }) =>
        git === undefined ? "" : git.commit.slice(0, 12) + (git.dirty ? ", changed" : ""),
    },
  ];
  return table(run.sessions, columns, { caption: "Processes that worked on the run" });
}

function eventTable({ events }: RunResult): string {
  if (events.length === 0) return '<p class="fine">Nothing out of the ordinary happened.</p>';
  const kinds = { note: "note", worker: "worker", resume: "resumed" } as const;
  return table(
    events,
    [
      { title: "At", isText: true, cell: (e) => timeText(e.happenedAt) },
      { title: "What", isText: true, cell: (e) => kinds[e.kind] ?? e.kind },
      { title: "Said", isText: true, cell: (e) => e.text },
    ],
    { caption: "What happened on the way" },
  );
}

function fileTable(run: RunResult): string {
  const files = Object.entries(run.files);
  if (files.length === 0) return "";
  return table(
    files,
    [
      { title: "File", isText: true, cell: ([file]) => file },
      { title: "SHA-256", isText: true, isCode: true, cell: ([, hash]) => hash },
    ],
    { caption: "Model and data files that were read" },
  );
}

/** 2026-03-02T10:15:00.000Z as "2026-03-02 10:15:00 UTC". */
export function timeText(iso: string): string {
  return iso.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");
}
