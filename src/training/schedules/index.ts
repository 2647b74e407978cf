/** The learning rate schedules that scenarios can name. A new one is a file beside this one and a line here. */
import { constant } from "./constant.js";
import { cosine } from "./cosine.js";
import { oneCycle } from "./one-cycle.js";
import { step } from "./step.js";

export const schedules = [constant, step, cosine, oneCycle] as const;
