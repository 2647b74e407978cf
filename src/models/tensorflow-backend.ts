/**
 * Loads TensorFlow.js, with the fastest backend that runs here: native TensorFlow where the
 * optional `@tensorflow/tfjs-node` is installed and works, WebAssembly otherwise, and plain
 * JavaScript where even that fails.
 *
 * WebAssembly runs on one thread: TensorFlow.js cannot start its worker threads in Node
 * (https://github.com/tensorflow/tfjs/issues/3830).
 */
import { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";

export type TensorFlow = typeof import("@tensorflow/tfjs");

export interface OpenTensorFlow {
  readonly tf: TensorFlow;
  readonly backend: "node" | "wasm" | "cpu";
  /** What computes, e.g. "WebAssembly with SIMD, 1 thread". */
  readonly description: string;
  /** Version of TensorFlow.js. */
  readonly version: string;
  /** Why `@tensorflow/tfjs-node` is not used; undefined where it is. */
  readonly whyNotNode: string | undefined;
}

// TensorFlow.js is CommonJS in Node, and tfjs-node may be absent: both are reasons to require it.
const require = createRequire(import.meta.url);
const nodePackage = "@tensorflow/tfjs-node";

let opened: Promise<OpenTensorFlow> | undefined;

/** Loads TensorFlow.js the first time it is called; it takes some 0.3 s. */
export function openTensorFlow(): Promise<OpenTensorFlow> {
  opened ??= open();
  return opened;
}

async function open(): Promise<OpenTensorFlow> {
  const native = requireNative();
  if (typeof native !== "string") {
    const version = native.version.tfjs;
    const description = `native TensorFlow, ${nodePackage}`;
    return { tf: native, backend: "node", description, version, whyNotNode: undefined };
  }
  const tf = require("@tensorflow/tfjs") as TensorFlow;
  muteGreeting(tf);
  const common = { tf, version: tf.version.tfjs, whyNotNode: native };
  const failure = await startWasm(tf);
  if (failure === undefined) {
    const simd = (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) ? "with" : "without";
    return { ...common, backend: "wasm", description: `WebAssembly ${simd} SIMD, 1 thread` };
  }
  await tf.setBackend("cpu");
  const description = `plain JavaScript, slow; WebAssembly does not start: ${failure}`;
  return { ...common, backend: "cpu", description };
}

/** tfjs-node, or why it cannot be used. */
function requireNative(): TensorFlow | string {
  // TensorFlow's C++ side reports the CPU's features on stderr; warnings and errors stay.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "1";
  try {
    const tf = require(nodePackage) as TensorFlow;
    // It loads but cannot compute on Node versions that lack what it uses.
    tf.tidy(() => {
      const one = tf.tensor4d([1], [1, 1, 1, 1]);
      tf.relu(tf.conv2d(one, one, 1, "same")).dataSync();
    });
    return tf;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "MODULE_NOT_FOUND" && message.includes(`'${nodePackage}'`)) {
      return `${nodePackage} is not installed`;
    }
    return `${nodePackage} does not load: ${message.trim().split("\n")[0].trim()}`;
  }
}

/** Makes WebAssembly the backend. Returns why that failed, or undefined. */
async function startWasm(tf: TensorFlow): Promise<string | undefined> {
  try {
    const wasm =
      require("@tensorflow/tfjs-backend-wasm") as typeof import("@tensorflow/tfjs-backend-wasm");
    const manifest = require.resolve("@tensorflow/tfjs-backend-wasm/package.json");
    wasm.setWasmPaths(join(dirname(manifest), "dist") + sep);
    return (await tf.setBackend("wasm")) ? undefined : "its initialization failed";
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * The JavaScript backend, which TensorFlow.js keeps beside any other, greets on first use with
 * advice to install tfjs-node. `weightlink doctor` gives that advice, so mark the greeting as said.
 */
function muteGreeting(tf: TensorFlow): void {
  const cpu = tf.findBackend("cpu") as unknown as { firstUse?: boolean } | null;
  if (cpu !== null) cpu.firstUse = false;
}
