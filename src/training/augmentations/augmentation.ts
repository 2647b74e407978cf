/**
 * The contract of an augmentation: a random change of images that leaves their class as it is.
 */
import type { z } from "zod";
import type { RandomStream } from "../../kernel/index.js";

/** The images that are changed. */
export interface ImageForm {
  readonly channels: number;
  readonly rows: number;
  readonly columns: number;
  /** What black has become by normalization, for each channel. */
  readonly black: readonly number[];
}

/** Changes each image of a batch in place; images are channels-first, one after another. */
export type Augment = (images: Float32Array, random: RandomStream) => void;

export interface Augmentation<P extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line for `weightlink list augmentations`. */
  readonly summary: string;
  /** Strict schema of the parameters; `name` is added. */
  readonly params: P;
  /** Takes the memory that it needs, so that batches take none. Throws InputError for images that do not suit it. */
  open(params: z.output<P>, form: ImageForm): Augment;
}

/** Types an augmentation; add the result to the list in `index.ts`. */
export function defineAugmentation<P extends z.ZodObject>(
  augmentation: Augmentation<P>,
): Augmentation<P> {
  return augmentation;
}
