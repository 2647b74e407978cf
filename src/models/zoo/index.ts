/** The architectures that can be built. A new one is a file beside this one and a line here. */
import { lenet5 } from "./lenet5.js";
import { mlp } from "./mlp.js";
import { resnet8, resnet18, resnet20, resnet32, resnet34, resnet56 } from "./resnet.js";
import { shufflenetV2 } from "./shufflenet-v2.js";
import { transformerText } from "./transformer-text.js";

export const architectures = [
  mlp,
  lenet5,
  resnet8,
  resnet20,
  resnet32,
  resnet56,
  resnet18,
  resnet34,
  shufflenetV2,
  transformerText,
] as const;
