/**
 * Weights held in phase-change memory: written as pairs of conductances, read back after a time.
 *
 *   y = peak · c · (g⁺ − g⁻) / g_max
 *
 * The largest magnitude of each tensor (`peak`) maps to g_max; c is the drift compensation. Programming
 * noise, drift and read noise are those of src/devices/pcm.ts. The noise variance that is stated is the
 * mean square error expected at the level that was read, bias included (src/devices/storage-link.ts).
 *
 * Every device is read `readAfterS` after it was programmed, whenever that was. Its random numbers do not
 * depend on that time: points with several times read the same devices.
 *
 * Sources: Nandakumar et al., ICECS 2019; Joshi et al., Nature Communications 11 (2020) 2473.
 * Limits: no temperature, no voltage drop along wires, no stuck devices; ideal converters.
 */
import { z } from "zod";
import { defineChannel } from "../src/channel.js";
import { pairCells } from "../src/devices/cells.js";
import { PcmDevice, type PcmPreset, pcmFits } from "../src/devices/pcm.js";
import { storageLink } from "../src/devices/storage-link.js";
import { storageParams } from "../src/devices/storage-params.js";

export const pcmStorage = defineChannel({
  name: "pcm-storage",
  stores: () => true,
  summary: "weights held in phase-change memory: programming noise, drift, read noise",

  params: z.strictObject({
    preset: z
      .enum(Object.keys(pcmFits) as PcmPreset[])
      .default("nandakumar-2019")
      .describe("devices that the noise was measured on"),
    ...storageParams,
    readNoise: z
      .boolean()
      .default(true)
      .describe("false: reads are averaged until their noise is gone"),
    driftCompensation: z
      .boolean()
      .default(true)
      .describe("scale each tensor by its summed magnitude as written over that as read"),
  }),

  open(params, { stretches, random }) {
    const fit = pcmFits[params.preset];
    const { gMaxMicroS = fit.gMaxMicroS, driftCompensation } = params;
    const device = new PcmDevice(fit, { ...params, gMaxMicroS });
    const cells = pairCells(device, gMaxMicroS, params.devicesPerWeight, random);
    return storageLink(stretches, cells, { driftCompensation });
  },
});
