import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // ONNX Runtime and TensorFlow.js keep native state per process.
    pool: "forks",
    // One fewer than cores as it stands, which leaves half of a machine with two idle.
    maxWorkers: 2,
    testTimeout: 120_000,
    // A report for .ci/run, beside what is printed.
    reporters: ["default", "json"],
    outputFile: { json: "node_modules/.cache/vitest-report.json" },
  },
});
