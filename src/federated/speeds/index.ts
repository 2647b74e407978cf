/** The distributions of speeds that scenarios can name. A new one is a file beside this one and a line here. */
import { constantSpeed } from "./constant.js";
import { lognormalSpeed } from "./lognormal.js";
import { shiftedExponentialSpeed } from "./shifted-exponential.js";

export const speeds = [constantSpeed, lognormalSpeed, shiftedExponentialSpeed] as const;
