/** Search of a setting on labelled images. */
import type { Setting } from "../receiver/estimator.js";

export interface SearchTask<S extends Setting = Setting> {
  readonly settings: readonly S[];
  readonly images: number;
  readonly departure: (s: S) => number;
  count(setting: S, first: number, count: number): Promise<number>;
}
export interface SearchOutcome<S extends Setting = Setting> {
  setting: S;
  correct: number;
  imageInferences: number;
}

async function grid(task: SearchTask): Promise<SearchOutcome> {
  let best = { setting: task.settings[0], correct: -1 };
  for (const setting of task.settings) {
    const correct = await task.count(setting, 0, task.images);
    const nearer = task.departure(setting) < task.departure(best.setting);
    if (correct > best.correct || (correct === best.correct && nearer)) best = { setting, correct };
  }
  return { ...best, imageInferences: task.settings.length * task.images };
}

export const searchMethods = { grid, race: grid };

export function mostCost(_method: "grid" | "race", settings: number, images: number) {
  return { imageInferences: settings * images, swaps: settings };
}
