import { describe, expect, test } from "vitest";
import { figureSpec, renderSvg } from "../../src/report/figure.js";
import { escapeHtml, htmlReport } from "../../src/report/html.js";
import { fixtureRun, threeEstimators, wnrAxis } from "./fixture.js";

const svg = await renderSvg(figureSpec(fixtureRun()));
const page = htmlReport(fixtureRun(), svg);
const voidElements = new Set(["meta", "link", "br", "img", "hr"]);

/** Reads tags one after the other; throws where one does not match, gives the elements' names. */
function elements(html: string): string[] {
  const names: string[] = [];
  const open: string[] = [];
  const body = html.replace(/<!doctype html>/, "").replace(/<style>[^<]*<\/style>/, "");
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
  if (/<(?!\/?[a-z]|!doctype)/i.test(html)) throw new Error("a bare <");
  return names;
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
    expect(names).not.toContain("script");
    expect(names).toContain("figure");
  });

  test("asks the network for nothing", () => {
    const targets = [...page.matchAll(/\s(?:src|href|xlink:href|action|data)="([^"]*)"/g)];
    expect(targets.map((match) => match[1])).toEqual([
      "data:,",
      "figure.svg",
      "figure.png",
      "results.csv",
      "results.json",
    ]);
    expect(page).not.toMatch(/url\(\s*['"]?(?!#)/);
    expect(page).not.toContain("@import");
    expect(page).toContain("default-src 'none'");
  });

  test("shows the scenario as text, never as markup", () => {
    expect(page).not.toContain("<script>");
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
    const escaped = htmlReport(run, svg);
    expect(escaped).not.toContain("<img");
    expect(() => elements(escaped)).not.toThrow();
    expect(escapeHtml(`<a href="x">'&`)).toBe("&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
  });

  test("holds every number of the summary with its interval", () => {
    for (const summary of fixtureRun().summary) {
      const [low, high] = summary.interval95!.map((end) => (100 * end).toFixed(2));
      expect(page).toContain(
        `<td>${(100 * summary.accuracy).toFixed(2)}</td><td>${low} to ${high}</td><td>10</td>`,
      );
    }
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
    expect(page).toContain("chosen among 132 settings on 100 labelled validation images");
    expect(page).toContain("12 left out at or beyond the pole λ′ = 1 + η");
  });

  test("describes the figure for those who do not see it", () => {
    const label = /<svg role="img" aria-label="([^"]*)"/.exec(page)![1]!;
    expect(label).toContain("Accuracy in percent against WNR [dB] for ML, MMSE, MMSE_pb");
    expect(label).toContain("Clean accuracy 98.15 % (1963 of 2000); chance level 10 %");
  });

  test("reads in light and dark and on a phone", () => {
    expect(page).toContain("prefers-color-scheme: dark");
    expect(page).toContain('name="viewport"');
    expect(page).toContain('<html lang="en">');
  });

  test("a complete run has no notice; an incomplete one says how much is missing", () => {
    expect(page).not.toContain('class="notice"');
    const changes = { complete: false, points: 15, notes: ["ml failed at point 3."] };
    const estimators = threeEstimators.map((e) => ({ ...e, oracle: e.name === "mmse-pb" }));
    const notices = htmlReport(fixtureRun({ changes, estimators }), svg);
    expect(notices).toContain("Incomplete run: 100 of 150 trials finished");
    expect(notices).toContain("ml failed at point 3.");
    expect(notices).toContain("an upper bound, not a receiver");
  });

  test("is made of a run without a finished point too", () => {
    const changes = { summary: [], trials: [], complete: false };
    const empty = htmlReport(fixtureRun({ changes, axes: [wnrAxis] }), svg);
    expect(() => elements(empty)).not.toThrow();
    expect(empty).not.toContain("undefined");
    expect(empty).not.toContain("NaN");
  });
});
