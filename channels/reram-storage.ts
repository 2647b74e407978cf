/**
 * Weights held in resistive memory (ReRAM): written as conductances, read back after a time.
 *
 *   wan-2022   y = peak (g⁺ − g⁻) / g_max, a pair of devices for a weight
 *   cmo        y = peak (g − middle) / ((g_max − 9 µS)/2), one device for a weight
 *
 * The largest magnitude of each tensor (`peak`) maps to g_max. What devices do is in src/devices/reram.ts;
 * the noise variance that is stated is the mean square error expected at the level that was read, bias
 * included (src/devices/storage-link.ts).
 *
 * Every device is read `readAfterS` after it was programmed, whenever that was. On average `wan-2022` does
 * not drift; all conductances of `cmo` sink by the same amount, which drift compensation adds again.
 *
 * Sources: Wan et al., Nature 608 (2022) 504; the ReRAM models of the IBM Analog Hardware Acceleration Kit.
 * Limits: no temperature, no voltage drop along wires, no stuck devices; ideal converters.
 */
import { z } from "zod";
import { defineChannel } from "../src/channel.js";
import { pairCells, singleCells } from "../src/devices/cells.js";
import {
  CmoDevice,
  cmoAcceptances,
  cmoRange,
  cmoRelaxationMicroS,
  WanDevice,
  wanGMaxMicroS,
} from "../src/devices/reram.js";
import { storageLink } from "../src/devices/storage-link.js";
import { storageParams } from "../src/devices/storage-params.js";

export const reramStorage = defineChannel({
  name: "reram-storage",
  stores: () => true,
  summary: "weights held in resistive memory: programming noise and relaxation",

  params: z
    .strictObject({
      preset: z
        .enum(["wan-2022", "cmo"])
        .default("wan-2022")
        .describe(
          "wan-2022: pairs of devices, g_max 40 µS; cmo: single devices of conductive metal oxide, 9 to 88.2 µS",
        ),
      ...storageParams,
      acceptancePercent: z
        .literal(cmoAcceptances)
        .optional()
        .describe(
          "cmo: how near to its target a device must come when it is programmed; default: 0.2 [%]",
        ),
      driftCompensation: z
        .boolean()
        .default(true)
        .describe("cmo: add the mean relaxation back; wan-2022 has none"),
    })
    .superRefine(({ preset, gMaxMicroS, acceptancePercent }, context) => {
      const issue = (path: string, message: string, input: unknown) =>
        context.addIssue({ code: "custom", path: [path], message, input });
      if (preset === "cmo") {
        const { minMicroS, maxMicroS } = cmoRange;
        if (gMaxMicroS !== undefined && !(gMaxMicroS > minMicroS && gMaxMicroS <= maxMicroS)) {
          const rule = `must be above ${minMicroS} and at most ${maxMicroS} µS with preset cmo`;
          issue("gMaxMicroS", rule, gMaxMicroS);
        }
      } else if (acceptancePercent !== undefined) {
        issue("acceptancePercent", "goes with preset cmo only", acceptancePercent);
      }
    }),

  open(params, { stretches, random }) {
    const { readAfterS, devicesPerWeight, driftCompensation } = params;
    if (params.preset === "wan-2022") {
      const { gMaxMicroS = wanGMaxMicroS } = params;
      const device = new WanDevice(gMaxMicroS, readAfterS);
      return storageLink(stretches, pairCells(device, gMaxMicroS, devicesPerWeight, random));
    }
    const { gMaxMicroS = cmoRange.maxMicroS, acceptancePercent = 0.2 } = params;
    const device = new CmoDevice(gMaxMicroS, acceptancePercent, readAfterS);
    const range = { minMicroS: cmoRange.minMicroS, maxMicroS: gMaxMicroS };
    const offset = driftCompensation ? -cmoRelaxationMicroS(readAfterS) : 0;
    return storageLink(stretches, singleCells(device, range, offset, devicesPerWeight, random));
  },
});
