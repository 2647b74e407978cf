import { expect, test } from "vitest";
import type { RoundRecord } from "../../src/federated/history.js";
import type { FederatedHeader, FinishedCourse } from "../../src/federated/results.js";
import { assembleFederated, lastAccuracy } from "../../src/federated/summarize.js";
import { progressSpec } from "../../src/report/federated-figure.js";
import { roundsCsv } from "../../src/report/federated-report.js";
import { federatedMarkdown, federatedTable } from "../../src/report/federated-table.js";

const nobody = { active: [], dropped: [], late: [], ready: [], heard: [], energies: [] };

/** Scored after every second round; a round takes 3 s, half of it on the air, and 5 of energy. */
function records(accuracies: readonly number[], more: Partial<RoundRecord> = {}): RoundRecord[] {
  return Array.from({ length: 2 * accuracies.length - 1 }, (_, round) => ({
    round,
    ...(round % 2 === 0 && { accuracy: accuracies[round / 2] }),
    timeS: 3 * round,
    airtimeS: 1.5 * round,
    energy: 5 * round,
    ...nobody,
    ...(round > 0 && more),
  }));
}

const header = {
  title: "a study",
  axes: [{ path: "uplink.deviceSnrDb", title: "Device SNR [dB]", values: [0, 10] }],
  points: [{ "uplink.deviceSnrDb": 0 }, { "uplink.deviceSnrDb": 10 }],
  resolved: { points: [{ uplink: { deviceSnrDb: 0 } }, { uplink: { deviceSnrDb: 10 } }] },
  models: [{ name: "net", travelling: 7 }],
  rounds: 7,
  receivers: [
    ["ml", "mmse"],
    ["ml", "mmse"],
  ],
  trials: 2,
  lastRounds: 3,
  targets: [0.5, 0.9],
  gainAt: [0.6],
  baseline: "ml",
} as unknown as FederatedHeader;

const course = (
  point: number,
  trial: number,
  receiver: number,
  accuracies: readonly number[],
  more?: Partial<RoundRecord>,
): FinishedCourse => ({
  point,
  trial,
  receiver,
  label: ["ml", "mmse"][receiver],
  records: records(accuracies, more),
  notes: receiver === 0 ? ["a note"] : [],
});

const courses = [
  course(0, 1, 0, [0.1, 0.3, 0.5, 0.5], { nmse: 0.25 }),
  course(0, 0, 0, [0.1, 0.5, 0.3, 0.3], { nmse: 0.5, lost: true, late: [1, 2] }),
  course(0, 0, 1, [0.1, 0.4, 0.5, 0.5]),
  course(0, 1, 1, [0.1, 0.4, 0.5, 0.5]),
  course(1, 0, 0, [0.1, 0.6, 0.8, 0.8]),
  course(1, 1, 0, [0.1, 0.6, 0.8, 0.8]),
  course(1, 0, 1, [0.1, 0.6, 0.9, 0.9]),
  course(1, 1, 1, [0.1, 0.6, 0.9, 0.9], { diverged: true }),
];
const result = assembleFederated(header, courses, 9);

test("the accuracy of a training is the mean over the scorings of its last rounds", () => {
  expect(lastAccuracy(records([0, 0.2, 0.4, 0.9]), 2)).toBeCloseTo(0.9, 12);
  expect(lastAccuracy(records([0, 0.2, 0.4, 0.9]), 3)).toBeCloseTo(0.65, 12);
  expect(lastAccuracy(records([0, 0.2, 0.4, 0.9]), 100)).toBeCloseTo(0.5, 12);
  // Fewer rounds than lie between two scorings: the last one is left.
  expect(lastAccuracy(records([0, 0.2, 0.4, 0.9]), 1)).toBeCloseTo(0.9, 12);
});

test("means over trials, by point and receiver in the scenario's order", () => {
  expect(result.summary.map((s) => [s.point, s.receiver, s.trials])).toEqual([
    [0, "ml", 2],
    [0, "mmse", 2],
    [1, "ml", 2],
    [1, "mmse", 2],
  ]);
  const [ml, , , diverged] = result.summary;
  expect(ml).toMatchObject({
    parameters: { "uplink.deviceSnrDb": 0 },
    bestAccuracy: 0.5,
    timeS: 18,
    airtimeS: 9,
    energy: 30,
    lostRounds: 3,
    missing: 6,
    nmse: 0.375,
    medianNmse: 0.375,
  });
  expect(ml.accuracy).toBeCloseTo(0.4, 12);
  expect(ml.finalAccuracy).toBeCloseTo(0.4, 12);
  // t(0.975, 1) = 12.706, s = 0.1 √2.
  expect(ml.interval95![1] - 0.4).toBeCloseTo(12.7062 * 0.1, 4);
  expect(diverged.diverged).toBe(0.5);
  expect(
    ml.curve.map(({ round, accuracy, timeS }) => [round, Number(accuracy.toFixed(9)), timeS]),
  ).toEqual([
    [0, 0.1, 0],
    [2, 0.4, 6],
    [4, 0.4, 12],
    [6, 0.4, 18],
  ]);
});

test("what it took to reach an accuracy: the first scoring, over the trials that do", () => {
  expect(result.summary[0].targets).toEqual([
    { target: 0.5, trials: 2, round: 3, timeS: 9, airtimeS: 4.5, energy: 15 },
    { target: 0.9, trials: 0, round: null, timeS: null, airtimeS: null, energy: null },
  ]);
});

test("the SNR that an accuracy needs lies on the line between two points, and the gain is their difference", () => {
  const [ml, mmse] = result.gains;
  // From 0.4 at 0 dB to 0.8 at 10 dB, and from 0.5 to 0.9.
  expect(ml.requiredDb).toBeCloseTo(5, 9);
  expect(mmse.requiredDb).toBeCloseTo(2.5, 9);
  expect(mmse.gainDb).toBeCloseTo(2.5, 9);
  expect(ml.gainDb).toBeNull();
  expect(ml.parameters).toEqual({});
});

test("notes come once; unfinished trainings are counted and are in nothing else", () => {
  expect(result.notes).toEqual(["a note"]);
  expect(result).toMatchObject({ complete: false, finished: 8, wanted: 9 });
  expect(federatedTable(result)).toContain(
    "8 of 9 trainings are finished; the others are not in here.",
  );
});

test("tables for the terminal and for documents hold the same numbers", () => {
  const text = federatedTable(result, 160);
  const markdown = federatedMarkdown(result);
  for (const number of ["40.00 ± 127.06", "2 of 2", "5.00", "2.50"]) {
    expect(text).toContain(number);
    expect(markdown).toContain(number);
  }
});

test("energies: the unit is told, and two units are never on one axis", () => {
  expect(federatedMarkdown(result)).toContain("| energy per device [P] |");
  const places = (of: typeof result) => progressSpec(of, "energy") as unknown as Drawn;
  expect(JSON.stringify(places(result))).toContain("Energy per device [P]");
  const mixed = {
    ...result,
    resolved: { study: {}, points: [{ uplink: {} }, result.resolved.points[1]] },
  };
  expect(federatedMarkdown(mixed)).toMatch(/\| energy per device \|.*these two do not compare/s);
  expect(places(mixed).title.subtitle.join(" ")).toContain("without schemes that are not given a");
  expect(places(mixed).data.values.length).toBe(places(result).data.values.length / 2);
  expect(places(mixed).data.values.every(({ panel }) => panel.includes("10"))).toBe(true);
});

test("figures have bands from three trials on", () => {
  const drawn = (trials: number) =>
    progressSpec({ ...result, trials }, "round") as unknown as Drawn;
  for (const [trials, hasBands] of [
    [2, false],
    [3, true],
  ] as const) {
    const { title, data } = drawn(trials);
    expect(data.values.some(({ low }) => low !== null)).toBe(hasBands);
    expect(title.subtitle.join(" ").includes("bands")).toBe(hasBands);
  }
});

interface Drawn {
  readonly title: { readonly subtitle: readonly string[] };
  readonly data: { readonly values: readonly { readonly panel: string; low: number | null }[] };
}

test("rounds.csv: one row per round, points, trials and receivers in order, empty where nothing applies", () => {
  const lines = roundsCsv(header, courses).trimEnd().split("\n");
  expect(lines).toHaveLength(1 + 8 * 7);
  const columns = lines[0].split(",");
  expect(columns.slice(0, 6)).toEqual([
    "point",
    "uplink.deviceSnrDb",
    "trial",
    "receiver",
    "round",
    "accuracy",
  ]);
  const row = (line: string) =>
    Object.fromEntries(line.split(",").map((cell, i) => [columns[i], cell]));
  expect(row(lines[1])).toMatchObject({
    trial: "0",
    receiver: "ml",
    round: "0",
    accuracy: "0.1",
    nmse: "",
  });
  expect(row(lines[2])).toMatchObject({
    round: "1",
    accuracy: "",
    nmse: "0.5",
    late: "1 2",
    lost: "1",
  });
  expect(row(lines[8])).toMatchObject({ trial: "0", receiver: "mmse", round: "0" });
});
