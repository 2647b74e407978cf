/**
 * Every device has images of just so many classes. Devices, one after another in random order, take the classes that
 * the fewest devices have so far, of equals random ones; the images of a class are dealt out evenly to those who took it.
 *
 * The holders of two classes differ by one at most, as do the images of two holders of a class.
 *
 * Source: after McMahan et al., "Communication-Efficient Learning of Deep Networks from Decentralized Data", AISTATS
 * 2017, who sort by label and deal two runs to each device, so that most devices have two classes and some have up to four.
 */
import { z } from "zod";
import { InputError } from "../../errors.js";
import { quantity } from "../../units.js";
import { byClass, cut, definePartition, joined, shuffled } from "./partition.js";

export const shards = definePartition({
  name: "shards",
  summary: "images of so many classes on each device",

  params: z.strictObject({
    classesPerDevice: quantity(undefined, z.number().int().positive())
      .prefault(2)
      .describe("classes that a device has images of"),
  }),

  split({ classesPerDevice }, task) {
    const { classes, devices, random } = task;
    if (classesPerDevice > classes) {
      throw new InputError(
        `partition.shards: classesPerDevice must be at most the ${classes} classes of the data set, got ${classesPerDevice}`,
      );
    }
    if (classesPerDevice * devices < classes) {
      throw new InputError(
        `partition.shards: classesPerDevice must be at least ${Math.ceil(classes / devices)}, so that ${devices} devices have room for ${classes} classes, got ${classesPerDevice}`,
      );
    }
    const holders: number[][] = Array.from({ length: classes }, () => []);
    for (const device of shuffled(devices, random, "devices")) {
      // A sort that keeps equals in order leaves them in the random one.
      const order = [...shuffled(classes, random, `classes of device ${device}`)];
      order.sort((a, b) => holders[a].length - holders[b].length);
      for (const c of order.slice(0, classesPerDevice)) holders[c].push(device);
    }
    const parts: Int32Array[][] = Array.from({ length: devices }, () => []);
    byClass(task).forEach((images, c) => {
      cut(images, holders[c].length).forEach((part, i) => {
        parts[holders[c][i]].push(part);
      });
    });
    return parts.map(joined);
  },
});
