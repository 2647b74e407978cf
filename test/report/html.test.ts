import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { embeddedJson, parseEmbedded } from "../../src/report/embedded-json.js";
import { escapeHtml, htmlReport } from "../../src/report/html.js";
import type { PageData } from "../../src/report/page-data.js";
import { safeInScript } from "../../src/report/page-script.js";
import { runLabels } from "../../src/report/run-labels.js";
import { fixtureRun, threeEstimators, wnrAxis } from "./fixture.js";

const whole = htmlReport([fixtureRun()], { beside: ["figure.svg", "results.csv"] });
const voidElements = new Set(["meta", "link", "br", "img", "hr"]);

/** The page without what is not markup: style, script and data. */
function markup(html: string): string {
  return html
    .replace(/<style>[^<]*<\/style>/, "")
    .replace(/(<script[^>]*>)[\s\S]*?<\/script>/g, "$1</script>");
}

/** Reads tags one after the other; throws where one does not match, gives the elements' names. */
function elements(html: string): string[] {
  const names: string[] = [];
  const open: string[] = [];
  const body = markup(html).replace(/<!doctype html>/, "");
  for (const [tag, slash, name, rest] of body.matchAll(
    /<(\/?)([a-z][\w-]*)((?:"[^"]*"|[^">])*)>/gi,
  )) {
    if (slash === "/") {
      if (open.pop() !== name) throw new Error(`${tag} closes nothing`);
      continue;
    }
    names.push(name!);
    if (!voidElements.has(name!) && !rest!.endsWith("/")) open.push(name!);
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)}> stays open`);
  if (/<(?!\/?[a-z])/i.test(body)) throw new Error("a bare <");
  return names;
}

const page = markup(whole);

/** Contents of the page's scripts: the data, then the code. */
function scripts(html: string): string[] {
  return [...html.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1]!);
}

describe("the page", () => {
  test("is well formed, with one h1, headings in order and captioned tables", () => {
    const names = elements(page);
    expect(names.filter((name) => name === "h1")).toHaveLength(1);
    expect(names.filter((name) => name === "table").length).toBe(
      names.filter((name) => name === "caption").length,
    );
    const levels = names.filter((name) => /^h\d$/.test(name)).map((name) => Number(name[1]));
    levels.forEach((level, i) => {
      expect(level).toBeLessThanOrEqual((levels[i - 1] ?? 0) + 1);
    });
    expect(names.filter((name) => name === "script")).toHaveLength(2);
  });

  test("asks the network for nothing, and runs its own script only", () => {
    const targets = [...page.matchAll(/\s(?:src|href|xlink:href|action)="([^"]*)"/g)];
    const outside = targets.map((match) => match[1]!).filter((target) => !target.startsWith("#"));
    expect(outside).toEqual(["data:,", "figure.svg", "results.csv"]);
    expect(page).not.toContain("@import");
    expect(whole.includes("sourceMappingURL")).toBe(false);
    const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)!;
    const hash = createHash("sha256").update(scripts(whole)[1]!).digest("base64");
    expect(policy!.split("; ")).toEqual([
      "default-src 'none'",
      `script-src 'sha256-${hash}' 'unsafe-eval'`,
      "style-src 'unsafe-inline'",
      "img-src data:",
      "base-uri 'none'",
      "form-action 'none'",
    ]);
  });

  test("has a row for every tensor at every point, unless they are too many to read", () => {
    const run = fixtureRun();
    const tensors = (html: string) =>
      /<details><summary>What each tensor met<.*?<\/details>/s.exec(html)?.[0] ?? "";
    const rows = [...tensors(htmlReport([run])).matchAll(/<tr[^>]*>(.*?)<\/tr>/gs)].slice(1);
    expect(rows).toHaveLength(run.tensors.length);
    const cells = [...rows[1]![1]!.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/gs)].map((m) => m[1]);
    expect(cells.slice(-3)).toEqual(["fc.weight", "76112", "−6.50"]);
    const many = Array.from({ length: 101 }, () => run.tensors).flat();
    expect(tensors(htmlReport([{ ...run, tensors: many }]))).toBe("");
  });

  test("links within itself lead somewhere", () => {
    for (const html of [page, htmlReport([fixtureRun(), { ...fixtureRun(), name: "b" }])]) {
      const ids = [...html.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
      expect(new Set(ids).size).toBe(ids.length);
      for (const [, id] of markup(html).matchAll(/(?:href="#|labelledby=")([^"]+)"/g)) {
        expect(ids).toContain(id);
      }
    }
  });

  test("shows the scenario as text, never as markup", () => {
    expect(page).toContain("&lt;script&gt;alert(&#39;not run&#39;)&lt;/script&gt; &amp; friends");
    const evil = `"><img src=x onerror=alert(1)>`;
    const run = fixtureRun({
      changes: {
        title: evil,
        name: evil,
        command: evil,
        overrides: [evil],
        notes: [evil],
        scenarioFile: evil,
        versions: { [evil]: evil },
        files: { [evil]: evil },
        conventions: { [evil]: evil },
      },
      estimators: [{ label: evil, name: evil, needs: [], oracle: true }],
      axes: [{ path: "p", title: evil, values: [evil, "b"] }],
    });
    for (const runs of [[run], [run, { ...run, title: "b" }], [run, run]]) {
      const escaped = markup(htmlReport(runs, { folders: [evil, evil].slice(0, runs.length) }));
      expect(escaped).not.toContain("<img");
      expect(escaped.match(/<script/g)).toHaveLength(2);
      expect(() => elements(escaped)).not.toThrow();
    }
    expect(escapeHtml(`<a href="x">'&`)).toBe("&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
  });

  test("cuts intervals at 0 and 100 %, and says so", () => {
    const run = fixtureRun({ axes: [{ ...wnrAxis, values: [0, 12] }], trials: 2 });
    const wide = [[-2.1534, 2.7384] as const, [0.9628, 1.0047] as const, null];
    const summary = run.summary.map((s, i) => ({ ...s, interval95: wide[i % 3]! }));
    const page = htmlReport([{ ...run, summary }]);
    expect(page.includes('<td data-value="1">0.00 to 100.00</td>')).toBe(true);
    expect(page.includes(">96.28 to 100.00</td>")).toBe(true);
    expect(page.includes("100.47")).toBe(false);
    expect(page.includes("mean over trials, cut at 0 and 100 %.")).toBe(true);
  });

  test("holds every number of the summary with its interval", () => {
    const run = fixtureRun();
    for (const summary of run.summary) {
      const ends = summary.interval95!.map((end) => Math.min(1, Math.max(0, end)));
      const [low, high] = ends.map((end) => (100 * end).toFixed(2));
      expect(page).toContain(
        `data-value="${summary.accuracy}">${(100 * summary.accuracy).toFixed(2)}</td>` +
          `<td data-value="${ends[1]! - ends[0]!}">${low} to ${high}</td>` +
          `<td data-value="${summary.standardDeviation}">`,
      );
    }
    const toBaseline = run.differences.filter((d) => d.baseline === run.analysis.baseline);
    expect(toBaseline).toHaveLength(20);
    for (const { difference, interval95, significant } of toBaseline) {
      const sign = difference > 0 ? "+" : "−";
      const value = Math.abs(100 * difference).toFixed(2);
      const half = (50 * (interval95![1] - interval95![0])).toFixed(2);
      expect(page).toContain(`>${sign}${value} ± ${half}${significant ? " *" : ""}</td>`);
    }
  });

  test("holds the ratios that target accuracies take, and the gains", () => {
    const run = fixtureRun();
    expect(run.targets.length).toBe(6);
    for (const { requiredDb, interval95, gainDb } of run.targets) {
      const [low, high] = interval95!;
      expect(page).toContain(
        `>${requiredDb!.toFixed(2)}</td><td>[${low!.toFixed(2)}, ${high!.toFixed(2)}]</td>`,
      );
      if (gainDb !== null)
        expect(page).toContain(`data-value="${gainDb}">${gainDb.toFixed(2)}</td>`);
    }
    const none = markup(htmlReport([fixtureRun({ gainAt: [] })]));
    expect(none).not.toContain('id="targets"');
  });

  test("gives its script every number of the run, infinite ones too", () => {
    const run = fixtureRun();
    const clear = run.summary.map((s) => ({ ...s, snrDb: Number.POSITIVE_INFINITY }));
    const html = htmlReport([{ ...run, summary: clear }]);
    const [data] = parseEmbedded<PageData>(scripts(html)[0]!).runs;
    expect(data!.summary).toEqual(clear);
    expect(data!.differences).toEqual(run.differences);
    expect(data!.timelines).toEqual(run.timelines);
    const { trials } = data!;
    expect(trials.point).toHaveLength(run.trials.length);
    run.trials.forEach((trial, row) => {
      expect([
        trials.point[row],
        trials.trial[row],
        run.estimators[trials.estimator[row]!]!.label,
        trials.correct[row]! / trials.total[row]!,
        trials.nmse[row],
        trials.settings.lambda![row] ?? undefined,
      ]).toEqual([
        trial.point,
        trial.trial,
        trial.estimator,
        trial.accuracy,
        trial.nmse,
        trial.setting.lambda,
      ]);
    });
  });

  test("keeps the first packets only where all would be too many", () => {
    const run = fixtureRun();
    const [first] = run.timelines;
    const long = Array.from({ length: 2000 }, (_, i) => ({ ...first!.packets[0]!, sentAtS: i }));
    const timelines = (count: number) =>
      Array.from({ length: count }, () => ({ ...first!, packetsSent: 5000, packets: long }));
    const kept = (count: number) => {
      const html = htmlReport([{ ...run, timelines: timelines(count) }]);
      return parseEmbedded<PageData>(scripts(html)[0]!).runs[0]!.timelines;
    };
    expect(kept(3)[2]!.packets.map((p) => p.sentAtS)).toEqual([...Array(1000).keys()]);
    expect(kept(100)[99]!.packets).toHaveLength(100);
    expect(kept(100)[99]!.packetsSent).toBe(5000);
    expect(kept(500)[0]!.packets).toHaveLength(50);
  });

  test("says who worked on the run, and what happened", () => {
    const run = fixtureRun();
    const [first] = run.sessions;
    const { endedAt: _, ...killed } = first!;
    const changes = {
      sessions: [killed, first!],
      events: [
        { happenedAt: "2026-03-02T10:15:07.000Z", kind: "worker" as const, text: "worker 2 died" },
      ],
    };
    const html = markup(htmlReport([fixtureRun({ changes })]));
    expect(html).toContain("running, or killed");
    expect(html).toContain("2026-03-02 10:15:07 UTC");
    expect(html).toContain("worker 2 died");
    expect(html).toContain("AMD EPYC 7763, 2 cores");
    expect(html).toContain("<code>5c1d3f0a9be2</code>");
    expect(page).toContain("Nothing out of the ordinary happened.");
  });

  test("holds all it takes to repeat the run", () => {
    const run = fixtureRun();
    expect(page).toContain(escapeHtml(run.command));
    expect(page).toContain(escapeHtml(run.scenarioText));
    expect(page).toContain("<dt>Seed</dt><dd>1</dd>");
    expect(page).toContain("<dt>onnxruntime-node</dt><dd>1.30.0</dd>");
    for (const [file, hash] of Object.entries(run.files)) {
      expect(page).toContain(file);
      expect(page).toContain(hash);
    }
    for (const convention of Object.values(run.conventions)) {
      expect(page).toContain(escapeHtml(convention));
    }
  });

  test("says what each estimator was told and how its setting was chosen", () => {
    expect(page).toContain(
      '<td class="text">ML</td><td class="text">ml</td><td class="text">nothing',
    );
    expect(page).toContain("noise variance, prior moments, labelled images");
    expect(page).toContain("chosen on a grid among 132 settings on 100 labelled validation images");
    expect(page).toContain("12 left out at or beyond the pole λ′ = 1 + η");
  });

  test("a complete run has no notice; an incomplete one says how much is missing", () => {
    expect(page).not.toContain('role="note"');
    const changes = { complete: false, points: 15, notes: ["ml failed at point 3."] };
    const estimators = threeEstimators.map((e) => ({ ...e, oracle: e.name === "mmse-pb" }));
    const notices = markup(htmlReport([fixtureRun({ changes, estimators })]));
    expect(notices).toContain("Incomplete run: 100 of 150 trials finished");
    expect(notices).toContain("ml failed at point 3.");
    expect(notices).toContain("an upper bound, not a receiver");
  });

  test("is made of a run without a finished point too", () => {
    const none = { summary: [], trials: [], differences: [], targets: [], timelines: [] };
    const changes = { ...none, complete: false };
    const empty = markup(htmlReport([fixtureRun({ changes, axes: [wnrAxis] })]));
    expect(() => elements(empty)).not.toThrow();
    expect(markup(empty)).not.toContain("undefined");
    expect(markup(empty)).not.toContain("NaN");
  });

  test("needs a run", () => {
    expect(() => htmlReport([])).toThrow(/at least one run/);
  });
});

describe("several runs", () => {
  const b = { ...fixtureRun({ trials: 3 }), name: "b", command: "npx weightlink run b.yaml" };
  const both = markup(htmlReport([fixtureRun(), b]));

  test("have a section each, with headings in order", () => {
    const names = elements(both);
    expect(names.filter((name) => name === "h1")).toHaveLength(1);
    expect(names.filter((name) => name === "details")).toHaveLength(3); // and one of tensors
    const levels = names.filter((name) => /^h\d$/.test(name)).map((name) => Number(name[1]));
    levels.forEach((level, i) => {
      expect(level).toBeLessThanOrEqual((levels[i - 1] ?? 0) + 1);
    });
    expect(both).toContain(fixtureRun().command);
    expect(both).toContain(b.command);
  });

  test("stand in one table, with the parameters of all", () => {
    const power = { path: "transmitter.powerW", title: "Power [W]", values: [1, 2] };
    const other = { ...fixtureRun({ axes: [power] }), name: "b" };
    const html = markup(htmlReport([fixtureRun(), other]));
    for (const title of ["Run", "WNR [dB]", "Power [W]"]) {
      expect(html).toContain(`>${title}</th>`);
    }
    expect(html).toContain(
      '<td class="text">b</td><td data-value=""></td><td data-value="1">1</td>',
    );
  });

  test("are called by what tells them apart", () => {
    const [a, b] = [{ name: "a" }, { name: "b" }];
    expect(runLabels([a, b], ["runs/x", "runs/y"])).toEqual(["a", "b"]);
    expect(runLabels([a, a], ["runs/x", "runs/y"])).toEqual(["x", "y"]);
    expect(runLabels([a, a], ["one/x", "two/x/"])).toEqual(["one/x", "two/x/"]);
    expect(runLabels([a, a])).toEqual(["a (1)", "a (2)"]);
  });
});

describe("what stands inside a script", () => {
  test("data cannot end it, and come back as they were", () => {
    const value = {
      text: "</script><!-- & \u2028",
      numbers: [0, -0.1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1 / 3],
      nothing: null,
    };
    const text = embeddedJson(value);
    expect(text).not.toContain("<");
    expect(parseEmbedded(text)).toEqual(value);
    expect(() => embeddedJson({ nmse: Number.NaN })).toThrow(/NaN as nmse/);
  });

  test("code cannot either", () => {
    const code = 'x = "</script>" + "</SCRIPT" + "<!--" + "<b"';
    const safe = safeInScript(code);
    expect(safe).not.toMatch(/<\/script|<!--/i);
    expect(new Function(`let x; return ${safe}`)()).toBe(new Function(`let x; return ${code}`)());
  });
});
