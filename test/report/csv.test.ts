import { expect, test } from "vitest";
import { csvLine, resultsCsv } from "../../src/report/csv.js";
import type { TrialResult } from "../../src/study/results.js";
import { tablesOf } from "../../src/study/store.js";
import { fixtureRun } from "./fixture.js";

/** RFC 4180 by its grammar, character by character, with LF or CRLF between records. */
function parse(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let i = 0;
  while (i < text.length) {
    let field = "";
    if (text[i] === '"') {
      for (i++; text[i] !== '"' || text[i + 1] === '"'; i++) {
        if (i >= text.length) throw new Error("a quoted field does not end");
        if (text[i] === '"') i++;
        field += text[i];
      }
      i++;
    } else {
      while (i < text.length && !",\n\r".includes(text[i]!)) {
        if (text[i] === '"') throw new Error("a quote inside a bare field");
        field += text[i++];
      }
    }
    record.push(field);
    if (text[i] === ",") i++;
    else {
      if (text[i] === "\r") i++;
      if (text[i++] !== "\n") throw new Error("a record does not end in a line break");
      records.push(record);
      record = [];
    }
  }
  return records;
}

/** The fixture with one trial, changed. */
function runWith(changes: Partial<TrialResult>) {
  const run = fixtureRun();
  return { ...run, trials: [{ ...run.trials[0]!, ...changes }] };
}

test("columns are those of the store, in its order", () => {
  const run = fixtureRun({
    axes: [
      { path: "channel.wnrDb", title: "WNR [dB]", values: [0, 2] },
      { path: "model.path", title: "model", values: ["a.onnx", "b.onnx"] },
    ],
  });
  const [header, ...rows] = parse(resultsCsv(run));
  expect(header).toEqual(Object.keys(tablesOf(run).trials));
  expect(header!.join()).toBe(
    "point,trial,estimator,channel.wnrDb,model.path,snrDb,wnrDb,equivalentWnrDb,outageRate,erasureRate," +
      "airtimeS,latencyS,energy,packets,retransmissions,sideBits,correct,total,accuracy,mse,nmse," +
      "setting.lambda,setting.beta,chosenBy,searchMethod,searchImages,searchCorrect,searchSettings," +
      "searchLeftOut,searchImageInferences",
  );
  for (const row of rows) expect(row).toHaveLength(header!.length);
});

test("every value of every trial reads back as it was", () => {
  const run = fixtureRun();
  const [header, ...rows] = parse(resultsCsv(run));
  expect(rows).toHaveLength(run.trials.length);
  run.trials.forEach((trial, i) => {
    const row = Object.fromEntries(rows[i]!.map((cell, j) => [header![j]!, cell]));
    expect(row.estimator).toBe(trial.estimator);
    for (const key of ["point", "trial", "snrDb", "wnrDb", "correct", "total"] as const) {
      expect(Number(row[key])).toBe(trial[key]);
    }
    for (const key of ["accuracy", "mse", "nmse", "airtimeS", "energy", "packets"] as const) {
      expect(Number(row[key])).toBe(trial[key]);
    }
    expect(Number(row["channel.wnrDb"])).toBe(trial.parameters["channel.wnrDb"]);
    expect(row["setting.lambda"]).toBe(
      trial.setting.lambda === undefined ? "" : String(trial.setting.lambda),
    );
    const { search } = trial;
    expect(row.chosenBy).toBe(search?.chosenBy ?? "");
    expect(row.searchMethod).toBe(search?.method ?? "");
    expect(row.searchImages).toBe(String(search?.images ?? ""));
    expect(row.searchCorrect).toBe(String(search?.correct ?? ""));
    expect(row.searchSettings).toBe(String(search?.settings ?? ""));
    expect(row.searchLeftOut).toBe(String(search?.leftOut ?? ""));
    expect(row.searchImageInferences).toBe(String(search?.imageInferences ?? ""));
  });
});

test.each([
  ["a,b"],
  ['say "hi"'],
  ["two\nlines"],
  ["two\r\nlines"],
  [" outer spaces "],
  [""],
  ["κ′ = 100"],
  ['"'],
])("a text %j survives", (value) => {
  const [header, row] = parse(resultsCsv(runWith({ estimator: value, parameters: {} })));
  expect(row![2]).toBe(value);
  expect(row![3]).toBe(""); // channel.wnrDb was not set
  expect(row).toHaveLength(header!.length);
});

test("quotes appear only where they are needed", () => {
  expect(csvLine([0, undefined, "MMSE_pb (oracle)", true])).toBe("0,,MMSE_pb (oracle),true\n");
  expect(csvLine([0, 'a "b"'])).toBe('0,"a ""b"""\n');
});

test.each([0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, -0.9137, Number.POSITIVE_INFINITY])(
  "the number %d reads back",
  (value) => {
    expect(Number(parse(resultsCsv(runWith({ snrDb: value })))[1]![4])).toBe(value);
  },
);
