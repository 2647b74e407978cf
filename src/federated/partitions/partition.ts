/**
 * The contract of a partition: which training images lie on which device.
 *
 * Every image lies on one device; none is lost and none is copied.
 */
import type { z } from "zod";
import type { RandomSource } from "../../kernel/index.js";

export interface PartitionTask {
  /** Class of every training image. */
  readonly labels: Int32Array;
  readonly classes: number;
  readonly devices: number;
  readonly random: RandomSource;
}

export interface Partition<P extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** One line for `weightlink list partitions`. */
  readonly summary: string;
  /** Strict schema of the parameters; `name` is added. */
  readonly params: P;
  /** Indices of each device's images. A device may get none. Throws InputError where the task does not allow it. */
  split(params: z.output<P>, task: PartitionTask): Int32Array[];
}

/** Types a partition; add the result to the list in `index.ts`. */
export function definePartition<P extends z.ZodObject>(partition: Partition<P>): Partition<P> {
  return partition;
}

/** 0 to count − 1 in random order. */
export function shuffled(count: number, random: RandomSource, stream: string): Int32Array {
  return random.stream(stream).sample(count, count);
}

/** Cuts a list into `parts` runs whose lengths differ by one at most. */
export function cut(list: Int32Array, parts: number): Int32Array[] {
  return Array.from({ length: parts }, (_, i) =>
    list.subarray(
      Math.floor((i * list.length) / parts),
      Math.floor(((i + 1) * list.length) / parts),
    ),
  );
}

/** Lists one after another. */
export function joined(lists: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(lists.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of lists) {
    all.set(list, at);
    at += list.length;
  }
  return all;
}

/** The images of each class, in random order. */
export function byClass({ labels, classes, random }: PartitionTask): Int32Array[] {
  const order = shuffled(labels.length, random, "images");
  return Array.from({ length: classes }, (_, c) => order.filter((i) => labels[i] === c));
}
