/** The setting of a receiver that gets most labelled images right; of equals, the one nearest to leaving r as it is. */
import type { Examples } from "../datasets/dataset.js";
import type { RandomSource } from "../kernel/index.js";
import { pickExamples } from "../models/fit-inputs.js";
import type { Scorer } from "../models/model.js";
import { scoreMargins } from "../models/score.js";
import type { Estimator, Known, Setting } from "../receiver/estimator.js";
import type { SearchSettings } from "../scenario/schema.js";
import type { SearchRecord } from "./results.js";
import { searchMethods } from "./search.js";

export interface Choice {
  readonly receiver: SearchSettings;
  readonly estimator: Estimator;
  /** Of all settings, those that make sense at this noise; at least one. */
  readonly valid: readonly Setting[];
  readonly leftOut: number;
  readonly test: Examples;
  readonly validation: Examples | undefined;
  readonly scorer: Scorer;
  /** Images in one inference. */
  readonly batch: number;
  readonly random: RandomSource;
  readonly stopped: (() => void) | undefined;
  /** Gives the scorer the network that a setting makes. */
  readonly open: (setting: Setting) => Promise<void>;
}

/** All settings, and those of them that make sense at this noise. */
export function validSettings(
  estimator: Estimator,
  receiver: object,
  known: Known,
): { all: readonly Setting[]; valid: readonly Setting[] } {
  const all = estimator.settings(receiver as never);
  const isValid = estimator.isValid?.(known);
  return { all, valid: isValid === undefined ? all : all.filter(isValid) };
}

export async function chooseSetting({
  receiver: { choose, search: method, kappa },
  estimator,
  valid,
  leftOut,
  test,
  validation,
  scorer,
  batch,
  random,
  stopped,
  open,
}: Choice): Promise<{ setting: Setting; search: SearchRecord }> {
  const images =
    choose === "oracle"
      ? test
      : pickExamples(validation!, random.stream("validation").sample(validation!.count, kappa));
  const found = await searchMethods[method]({
    settings: valid,
    images: images.count,
    departure: (setting) => estimator.departure?.(setting) ?? 0,
    margins: async (setting) => {
      await open(setting);
      return scoreMargins(scorer, images, batch, stopped);
    },
  });
  return {
    setting: found.setting,
    search: {
      chosenBy: choose,
      method,
      images: images.count,
      correct: found.correct,
      settings: valid.length,
      leftOut,
      imageInferences: found.imageInferences,
    },
  };
}
