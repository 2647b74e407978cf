/**
 * The channels that scenarios can name. A new channel is a file beside this one and a line here.
 */
import { awgn } from "./awgn.js";
import { recorded } from "./recorded.js";

export const channels = [awgn, recorded] as const;
