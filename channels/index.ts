/**
 * The channels that scenarios can name. A new channel is a file beside this one and a line here.
 */
import { awgn } from "./awgn.js";
import { pcmStorage } from "./pcm-storage.js";
import { quantizedAnalog } from "./quantized-analog.js";
import { recorded } from "./recorded.js";
import { reramStorage } from "./reram-storage.js";

export const channels = [awgn, pcmStorage, quantizedAnalog, recorded, reramStorage] as const;
