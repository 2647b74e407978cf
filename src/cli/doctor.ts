import { existsSync, readdirSync } from "node:fs";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import packageJson from "../../package.json" with { type: "json" };
import { embeddedModels } from "../models/embedded/index.js";
import { onnxRuntimeDescription, openOnnxModel } from "../models/onnx-model.js";
import { defaultTravelRules, layOut } from "../weights/layout.js";

/** One finding: what it is about, whether it is well, and what to do where it is not. */
interface Finding {
  readonly subject: string;
  readonly state: "ok" | "note" | "bad";
  readonly text: string;
  readonly advice?: string;
}

/** `weightlink doctor`: tries everything a run needs; exit code 1 where a run would fail. */
export async function doctor(): Promise<void> {
  const findings = [
    node(),
    machine(),
    await onnxRuntime(),
    await tensorFlow(),
    await figures(),
    data(),
  ];
  const marks = { ok: "ok  ", note: "note", bad: "BAD " };
  process.stdout.write(`weightlink ${packageJson.version}\n`);
  for (const { subject, state, text, advice } of findings) {
    process.stdout.write(`${marks[state]} ${subject}: ${text}\n`);
    if (advice !== undefined) process.stdout.write(`     ${advice}\n`);
  }
  if (findings.some((f) => f.state === "bad")) process.exitCode = 1;
}

function node(): Finding {
  const [major, minor] = process.versions.node.split(".").map(Number) as [number, number];
  const recent = major > 20 || (major === 20 && minor >= 19);
  return {
    subject: "Node.js",
    state: recent ? "ok" : "bad",
    text: process.versions.node,
    ...(!recent && { advice: `needs ${packageJson.engines.node}` }),
  };
}

function machine(): Finding {
  const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
  return {
    subject: "machine",
    state: "ok",
    text: `${availableParallelism()} x ${cpus()[0]?.model.trim() ?? "unknown processor"}, ${gib(freemem())} of ${gib(totalmem())} GiB free`,
  };
}

async function onnxRuntime(): Promise<Finding> {
  const subject = "ONNX Runtime";
  try {
    const [embedded] = embeddedModels;
    const model = await openOnnxModel(embedded.path);
    const layout = layOut(model.tensors, defaultTravelRules);
    const scorer = await model.openScorer(layout, { threads: 0 });
    await scorer.setWeights(model.readWeights(layout));
    const [input] = model.inputs;
    const shape = input.shape.slice(1) as number[];
    const size = shape.reduce((a, b) => a * b, 1);
    await scorer.run([{ data: new Float32Array(size), shape }], 1);
    await scorer.close();
    return { subject, state: "ok", text: `${onnxRuntimeDescription}, runs ${embedded.name}` };
  } catch (error) {
    return {
      subject,
      state: "bad",
      text: (error as Error).message,
      advice: "reinstall with npm ci; its CPU library comes inside the package onnxruntime-node",
    };
  }
}

async function tensorFlow(): Promise<Finding> {
  const subject = "TensorFlow.js (only for its own layers models)";
  try {
    const { openTensorFlow } = await import("../models/tensorflow-backend.js");
    const { version, backend, description, whyNotNode } = await openTensorFlow();
    return {
      subject,
      state: backend === "node" ? "ok" : "note",
      text: `${version}, backend ${backend}: ${description}`,
      ...(whyNotNode !== undefined && {
        advice: `${whyNotNode}; npm install @tensorflow/tfjs-node makes it faster where its binary can be downloaded`,
      }),
    };
  } catch (error) {
    return {
      subject,
      state: "note",
      text: `does not load: ${(error as Error).message}`,
      advice: "reinstall with npm ci, or use ONNX models",
    };
  }
}

async function figures(): Promise<Finding> {
  const subject = "figures";
  try {
    const { renderPng } = await import("../report/figure.js");
    renderPng('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><text>a</text></svg>');
    return { subject, state: "ok", text: "SVG and PNG" };
  } catch (error) {
    return {
      subject,
      state: "bad",
      text: (error as Error).message,
      advice: "reinstall with npm ci",
    };
  }
}

function data(): Finding {
  const subject = "data folder";
  const folder = process.env.WEIGHTLINK_DATA;
  if (!folder) {
    return {
      subject,
      state: "note",
      text: "WEIGHTLINK_DATA is not set; the embedded scenarios need no data",
      advice: "set it to the folder that holds cifar10/ and mnist/, or use --set dataset.path=…",
    };
  }
  if (!existsSync(folder)) {
    return { subject, state: "note", text: `WEIGHTLINK_DATA=${folder} does not exist` };
  }
  const holds = readdirSync(folder).filter((name) => name === "cifar10" || name === "mnist");
  return {
    subject,
    state: holds.length > 0 ? "ok" : "note",
    text: `WEIGHTLINK_DATA=${folder} holds ${holds.join(", ") || "neither cifar10/ nor mnist/"}`,
  };
}
