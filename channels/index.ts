/**
 * The channels that scenarios can name. A new channel is a file beside this one and a line here.
 */
import type { Channel } from "../src/channel.js";
import { awgn } from "./awgn.js";
import { blockFading } from "./block-fading.js";
import { chainOf } from "./chain.js";
import { doppler } from "./doppler.js";
import { erasure } from "./erasure.js";
import { multipathOfdm } from "./multipath-ofdm.js";
import { pcmStorage } from "./pcm-storage.js";
import { quantizedAnalog } from "./quantized-analog.js";
import { recorded } from "./recorded.js";
import { reramStorage } from "./reram-storage.js";

const single = [
  awgn,
  blockFading,
  doppler,
  erasure,
  multipathOfdm,
  pcmStorage,
  quantizedAnalog,
  recorded,
  reramStorage,
] as const;

export const channels = [
  ...single,
  chainOf(single as readonly unknown[] as readonly Channel[]),
] as const;
