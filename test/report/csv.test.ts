import { expect, test } from "vitest";
import { type CsvColumns, csvHeader, csvRow } from "../../src/report/csv.js";
import { fixtureRun } from "./fixture.js";

const columns: CsvColumns = {
  sweptPaths: ["channel.wnrDb", "model.path"],
  settingKeys: ["lambda", "beta"],
};

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

test("columns stand in the promised order", () => {
  expect(csvHeader(columns)).toBe(
    "point,trial,estimator,channel.wnrDb,model.path,snrDb,wnrDb,correct,total,accuracy,mse,nmse," +
      "setting.lambda,setting.beta,chosenBy,searchImageInferences,airtimeS,energy,packets\n",
  );
});

test("every value of every trial reads back as it was", () => {
  const run = fixtureRun();
  const swept = { ...columns, sweptPaths: ["channel.wnrDb"] };
  const text = csvHeader(swept) + run.trials.map((trial) => csvRow(trial, swept)).join("");
  const [header, ...rows] = parse(text);
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
    expect(row.chosenBy).toBe(trial.search?.chosenBy ?? "");
    expect(row.searchImageInferences).toBe(String(trial.search?.imageInferences ?? ""));
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
])("a parameter %j survives", (value) => {
  const trial = { ...fixtureRun().trials[0]!, estimator: value };
  const row = csvRow({ ...trial, parameters: { "model.path": value } }, columns);
  const cells = parse(row)[0]!;
  expect(cells[2]).toBe(value);
  expect(cells[3]).toBe(""); // channel.wnrDb was not set
  expect(cells[4]).toBe(value);
  expect(cells).toHaveLength(parse(csvHeader(columns))[0]!.length);
});

test("quotes appear only where they are needed", () => {
  const trial = { ...fixtureRun().trials[0]!, estimator: "MMSE_pb (oracle)" };
  const row = csvRow({ ...trial, parameters: { "model.path": true } }, columns);
  expect(row.startsWith("0,0,MMSE_pb (oracle),,true,")).toBe(true);
  expect(csvRow({ ...trial, estimator: 'a "b"' }, columns)).toContain('0,0,"a ""b""",');
});

test.each([0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, -0.9137, Number.POSITIVE_INFINITY])(
  "the number %d reads back",
  (value) => {
    const trial = { ...fixtureRun().trials[0]!, snrDb: value };
    expect(Number(parse(csvRow(trial, columns))[0]![5])).toBe(value);
  },
);
