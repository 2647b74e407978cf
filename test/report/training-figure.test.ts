import { describe, expect, test } from "vitest";
import { renderPng, renderSvg } from "../../src/report/render.js";
import { trainingDescription, trainingFigureSpec } from "../../src/report/training-figure.js";
import { historyCsv } from "../../src/report/training-report.js";
import type { EpochRecord } from "../../src/training/history.js";
import { countColours } from "./png.js";

const record = (epoch: number): EpochRecord => ({
  epoch,
  steps: 7 * epoch,
  learningRate: 0.1 / epoch,
  loss: 2 / epoch,
  training: { correct: 10 + epoch, total: 40 },
  ...(epoch % 2 === 0 && { test: { correct: 5 + epoch, total: 20 } }),
});
const history = [1, 2, 3, 4].map(record);
const figure = { title: "Title", subtitle: "What was trained", history };

interface Panel {
  readonly data: { readonly values: readonly object[] };
  readonly layer: readonly object[];
}
const panels = (of: readonly EpochRecord[]) =>
  (trainingFigureSpec({ ...figure, history: of }) as unknown as { vconcat: Panel[] }).vconcat;

describe("the figure of a training", () => {
  test("shows every loss, and accuracies where there are some", () => {
    const [loss, accuracy] = panels(history);
    expect(loss.data.values).toEqual([1, 2, 3, 4].map((epoch) => ({ epoch, loss: 2 / epoch })));
    const ofTest = accuracy.data.values.filter((v) => (v as { split: string }).split === "test");
    expect(ofTest).toEqual([
      { epoch: 2, accuracy: 35, split: "test" },
      { epoch: 4, accuracy: 45, split: "test" },
    ]);
    expect(accuracy.data.values).toHaveLength(4 + 2);
  });

  test("has no panel of accuracies without any", () => {
    expect(panels(history.map(({ training, test, ...others }) => others))).toHaveLength(1);
  });

  test("is drawn: titles, whole epochs below, both curves in their colours; the same twice", async () => {
    const svg = await renderSvg(trainingFigureSpec(figure));
    for (const text of ["Title", "What was trained", "Training loss", "Accuracy [%]", "Epoch"]) {
      expect(svg).toContain(`>${text}<`);
    }
    const { count } = countColours(renderPng(svg));
    for (const colour of ["0072b2", "d55e00"]) {
      expect(count.get(colour) ?? 0, colour).toBeGreaterThan(200);
    }
    expect(await renderSvg(trainingFigureSpec(figure))).toBe(svg);
  });

  test("says in words where the training ended", () => {
    expect(trainingDescription(figure)).toBe(
      "Loss and accuracy in percent against epochs, up to epoch 4. At the end: loss 0.500, training 35.00 %, test 45.00 %.",
    );
    expect(trainingDescription({ ...figure, history: [] })).toBe("No epoch was finished.");
  });

  test("can be drawn of no epoch, and of many", async () => {
    expect(await renderSvg(trainingFigureSpec({ ...figure, history: [] }))).toContain("Title");
    const many = Array.from({ length: 300 }, (_, i) => record(i + 1));
    expect(panels(many)[0].layer).toHaveLength(1);
  });
});

test("history.csv: an empty field where nothing was scored", () => {
  const [, first, second] = historyCsv(history).split("\n");
  expect(first).toBe("1,7,0.1,2,0.275,11,40,,,,,,");
  expect(second).toBe("2,14,0.05,1,0.3,12,40,,,,0.35,7,20");
});
