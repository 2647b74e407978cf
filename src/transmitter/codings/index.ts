/**
 * The codes that scenarios can name. A new code is a file beside this one and a line here.
 */
import { powerAllocation } from "./power-allocation.js";

export const codings = [powerAllocation] as const;
