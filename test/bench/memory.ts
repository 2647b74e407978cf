/**
 * Peak memory of a trial with a 21-million-weight model, as the operating system counts it for the whole
 * process that runs it.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type BenchLine, printLines } from "./bench-line.js";
import { resnet34Cifar } from "./graphs.js";

const program = fileURLToPath(new URL("../../src/cli/weightlink.mjs", import.meta.url));
const images = 1000;

export async function memory(): Promise<BenchLine[]> {
  const folder = mkdtempSync(join(tmpdir(), "weightlink-bench-"));
  try {
    const { bytes } = resnet34Cifar();
    writeFileSync(join(folder, "resnet34.onnx"), bytes);
    writeFileSync(join(folder, "x.npy"), npy("<f4", [images, 3, 32, 32], 4));
    writeFileSync(join(folder, "y.npy"), npy("|u1", [images], 1));
    writeFileSync(
      join(folder, "s.yaml"),
      `model: { path: resnet34.onnx }
dataset: { name: npy, path: ., classes: 10, test: { inputs: x.npy, labels: y.npy } }
channel: { name: awgn, snrDb: 0 }
receivers: [ml, mmse, mmse-pb]
trials: 2
`,
    );
    // The child reports its own peak when it exits.
    const report = join(folder, "peak.mjs");
    writeFileSync(
      report,
      `import { writeFileSync } from "node:fs";
process.on("exit", () => writeFileSync(${JSON.stringify(join(folder, "peak"))}, String(process.resourceUsage().maxRSS)));
`,
    );
    // Started as the installed command is, by its first line.
    const child = spawnSync(
      program,
      ["run", "s.yaml", "--workers", "1", "--quiet", "--out", "out"],
      {
        cwd: folder,
        encoding: "utf8",
        env: { ...process.env, NODE_OPTIONS: `--import ${report}` },
      },
    );
    if (child.status !== 0) throw new Error(child.stderr);
    const peakMb = (Number(readFileSync(join(folder, "peak"), "utf8")) * 1024) / 1e6;
    const modelMb = bytes.length / 1e6;
    const imagesMb = (images * 3072 * 4) / 1e6;
    return [
      {
        name: `trial with a ${modelMb.toFixed(0)} MB model, peak memory`,
        value: peakMb,
        unit: "MB",
      },
      {
        name: `  less ${imagesMb.toFixed(0)} MB of images, over the model`,
        value: (peakMb - imagesMb) / modelMb,
        unit: "x",
        target: "<= 8",
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function npy(dtype: string, shape: readonly number[], bytesPerElement: number): Buffer {
  const header = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${shape.join(", ")},), }\n`;
  const start = Buffer.alloc(10);
  start.write("\x93NUMPY\x01\x00", "latin1");
  start.writeUInt16LE(header.length, 8);
  const size = shape.reduce((a, b) => a * b, bytesPerElement);
  return Buffer.concat([start, Buffer.from(header), Buffer.alloc(size)]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) printLines(await memory());
