/** The partitions that scenarios can name. A new one is a file beside this one and a line here. */
import { dirichlet } from "./dirichlet.js";
import { iid } from "./iid.js";
import { paper } from "./paper.js";
import { shards } from "./shards.js";

export const partitions = [iid, dirichlet, shards, paper] as const;
