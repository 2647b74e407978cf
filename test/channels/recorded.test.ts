import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recorded } from "../../channels/recorded.js";
import { npyBytes } from "../files/npy-bytes.js";
import { folderWith } from "../files/temporary-folder.js";
import { noiseFile } from "./noise-file.js";
import { contextOf, receptionInto } from "./sending.js";

const bytes = (values: Float32Array) => new Uint8Array(values.buffer);

function open(params: object, components: number, trial = 0) {
  const signal = { meanSquare: 2.5, variance: 2 };
  const context = contextOf({ components, signal, trial });
  return recorded.open(recorded.params.parse({ snrDb: 6, ...params }), context);
}

function receive(params: object, x: Float32Array, trial = 0): Float32Array {
  const reception = receptionInto(new Float32Array(x.length));
  open(params, x.length, trial).transmit(x, 0, reception, 0);
  return reception.y;
}

test("y = x + σ z with z from the file; trial t starts where trial t - 1 ended", () => {
  const z = Float32Array.of(1, -1, 0.5, -1.5, 1.2, -0.8);
  const folder = folderWith({ "z.f32": bytes(z) });
  const sigma = Math.sqrt(2.5 / 10 ** 0.6);
  const x = Float32Array.of(3, -4, 5);
  for (const trial of [0, 1]) {
    const y = receive({ path: join(folder, "z.f32") }, x, trial);
    x.forEach((v, k) => {
      expect(y[k]).toBeCloseTo(v + sigma * z[3 * trial + k], 6);
    });
  }
});

test("a .npy trace gives what the same .f32 trace gives", () => {
  const z = Float32Array.of(1, -1, 0.5, -1.5, 1.2, -0.8);
  const folder = folderWith({
    "z.f32": bytes(z),
    "z.npy": npyBytes("<f4", [6], [...bytes(z)]),
  });
  const x = new Float32Array(6);
  expect(receive({ path: join(folder, "z.npy") }, x)).toEqual(
    receive({ path: join(folder, "z.f32") }, x),
  );
});

test("a trace that is too short is refused, or wrapped on request", () => {
  const path = noiseFile(1000);
  expect(() => open({ path }, 600, 1)).toThrow(
    /noise\.f32: the trace holds 1000 values and trial 1 needs values up to 1200 .* channel\.wrap: true/,
  );
  const first = receive({ path, wrap: true }, new Float32Array(600), 0);
  const second = receive({ path, wrap: true }, new Float32Array(600), 1);
  expect(second.subarray(400)).toEqual(first.subarray(0, 200));
});

test("a trace must have unit variance, or is scaled on request", () => {
  const folder = folderWith({});
  const path = join(folder, "loud.f32");
  const z = Float32Array.from({ length: 1000 }, (_, k) => 5 + 3 * (k % 2 ? 1 : -1));
  writeFileSync(path, bytes(z));
  expect(() => open({ path }, 1000)).toThrow(/must have unit variance, got 9\.000/);
  const y = receive({ path, normalize: true }, new Float32Array(1000));
  expect(y[1]).toBeCloseTo(Math.sqrt(2.5 / 10 ** 0.6), 6);
  expect(y[0]).toBeCloseTo(-y[1], 6);
});

test.each([
  ["odd.f32", new Uint8Array(7), /7 bytes is not a whole number of float32/],
  ["nan.f32", bytes(Float32Array.of(1, Number.NaN, -1)), /finite, varying/],
  ["flat.f32", bytes(Float32Array.of(1, 1, 1)), /finite, varying/],
  [
    "square.npy",
    npyBytes("<f4", [2, 2], Array<number>(16).fill(0)),
    /one-dimensional floats, got shape \(2, 2\)/,
  ],
])("%s is refused", (name, content, message) => {
  const folder = folderWith({ [name]: content });
  expect(() => open({ path: join(folder, name) }, 2)).toThrow(message);
});

test("a missing trace: the nearest name is offered", () => {
  const folder = folderWith({ "noise.f32": bytes(Float32Array.of(1, -1)) });
  expect(() => open({ path: join(folder, "nois.f32") }, 2)).toThrow(/nearest .*"noise\.f32"/);
});
