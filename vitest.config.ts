import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // ONNX Runtime and TensorFlow.js keep native state per process.
    pool: "forks",
    testTimeout: 120_000,
  },
});
