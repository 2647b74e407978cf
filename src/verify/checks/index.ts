/**
 * The checks that `weightlink verify` runs, channel by channel. A new check is a file beside this one and a line
 * here.
 */
import type { Check } from "../check.js";
import { awgnBitErrors, blockFadingBitErrors, ofdmBitErrors } from "./bit-errors.js";
import { dopplerCorrelation } from "./doppler.js";
import { burstLength, erasureRate } from "./erasure.js";
import { awgnMmse, rayleighMmseError } from "./mmse.js";
import { quantizerDistortion } from "./quantizer.js";
import { storageMoments } from "./storage.js";

export const checks: readonly Check[] = [
  ...awgnBitErrors,
  awgnMmse,
  ...blockFadingBitErrors,
  rayleighMmseError,
  dopplerCorrelation,
  ...ofdmBitErrors,
  erasureRate,
  burstLength,
  quantizerDistortion,
  ...storageMoments,
];
