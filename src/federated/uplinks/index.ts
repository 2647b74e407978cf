/**
 * The uplink schemes that scenarios can name. A new scheme is a file beside this one and a line here.
 */
import { aDsgd } from "./a-dsgd.js";
import { cotaf } from "./cotaf.js";
import { digital } from "./digital.js";
import { ideal } from "./ideal.js";
import { ncair } from "./ncair.js";
import { oac } from "./oac.js";
import { oacFading } from "./oac-fading.js";
import { oacMisaligned } from "./oac-misaligned.js";
import { obda } from "./obda.js";

export const uplinks = [
  aDsgd,
  cotaf,
  digital,
  ideal,
  ncair,
  oac,
  oacFading,
  oacMisaligned,
  obda,
] as const;
