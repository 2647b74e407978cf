/**
 * Glyphs: images of handwritten-like digits, drawn from a seed. For models and runs that need no download.
 *
 * A digit is a few strokes (polylines and arcs) in a unit box. Each image turns, scales, shears and shifts
 * the strokes, draws them with a random width and contrast, and adds white noise to the pixels:
 *
 *   rotation ±25°, size 70 to 110 %, shear ±0.25, shift ±3 pixels,
 *   stroke half-width 0.6 to 1.5 pixels, contrast 0.5 to 1, noise σ 0.05 to 0.25
 *
 * Image i of a split shows digit i mod 10 and depends on nothing but the seed, the split and i, so a
 * smaller data set is the beginning of a larger one.
 */
import { z } from "zod";
import { RandomSource, type RandomStream } from "../kernel/index.js";
import { quantity } from "../units.js";
import { defineDataset, type Examples, type Split } from "./dataset.js";

const side = 28;
const classes = 10;

/** Mean and standard deviation of the pixels of seed 1's training images, which normalize all. */
const pixelMean = 0.124;
const pixelStd = 0.213;

const count = (images: number) =>
  quantity(undefined, z.number().int().positive().max(1_000_000)).prefault(images);

export const glyphs = defineDataset({
  name: "glyphs",
  summary: "drawn digits, 28 x 28 grey pixels, made from a seed; needs no files",

  params: z.strictObject({
    seed: quantity(undefined, z.number().int().nonnegative())
      .prefault(1)
      .describe("seed of the images"),
    trainImages: count(10_000).describe("training images"),
    validationImages: count(1000).describe("validation images, not among the training images"),
    testImages: count(2000).describe("test images"),
  }),

  open(params) {
    const counts: Record<Split, number> = {
      train: params.trainImages,
      validation: params.validationImages,
      test: params.testImages,
    };
    return {
      classes,
      files: [],
      ownValidation: true,
      black: [-pixelMean / pixelStd],
      load: (split) => draw(new RandomSource(params.seed).child(`glyphs ${split}`), counts[split]),
    };
  },
});

function draw(random: RandomSource, images: number): Examples {
  const pixels = side * side;
  const data = new Float32Array(images * pixels);
  const labels = new Int32Array(images);
  for (let i = 0; i < images; i++) {
    labels[i] = i % classes;
    drawGlyph(
      strokes[labels[i]],
      random.stream(String(i)),
      data.subarray(i * pixels, (i + 1) * pixels),
    );
  }
  return { count: images, inputs: [{ data, shape: [1, side, side] }], labels };
}

/** A stroke's corners, x and y alternating, in a box from -1 to 1; y grows downwards. */
type Stroke = readonly number[];

function drawGlyph(glyph: readonly Stroke[], random: RandomStream, image: Float32Array): void {
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  const angle = between(-25, 25) * (Math.PI / 180);
  const size = between(0.7, 1.1) * 9.5; // pixels in half a box
  const shear = between(-0.25, 0.25);
  const shiftX = between(-3, 3) + side / 2;
  const shiftY = between(-3, 3) + side / 2;
  const halfWidth = between(0.6, 1.5);
  const contrast = between(0.5, 1);
  const noise = between(0.05, 0.25);

  const [cos, sin] = [size * Math.cos(angle), size * Math.sin(angle)];
  random.fillNormal(image, noise);
  const placed = glyph.map((stroke) => {
    const points = new Float64Array(stroke.length);
    for (let k = 0; k < stroke.length; k += 2) {
      const x = stroke[k] + shear * stroke[k + 1];
      const y = stroke[k + 1];
      points[k] = cos * x - sin * y + shiftX;
      points[k + 1] = sin * x + cos * y + shiftY;
    }
    return points;
  });
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const distance = distanceTo(placed, column + 0.5, row + 0.5);
      // A pixel is as wide as the ramp from ink to paper.
      const ink = Math.min(1, Math.max(0, halfWidth + 0.5 - distance));
      const k = row * side + column;
      const value = Math.min(1, Math.max(0, image[k] + contrast * ink));
      image[k] = (value - pixelMean) / pixelStd;
    }
  }
}

/** Distance from a point to the nearest stroke. */
function distanceTo(glyph: readonly Float64Array[], x: number, y: number): number {
  let nearest = Infinity;
  for (const points of glyph) {
    for (let k = 2; k < points.length; k += 2) {
      const x0 = points[k - 2];
      const y0 = points[k - 1];
      const dx = points[k] - x0;
      const dy = points[k + 1] - y0;
      const along = ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy);
      const t = Math.min(1, Math.max(0, along));
      const ex = x - x0 - t * dx;
      const ey = y - y0 - t * dy;
      nearest = Math.min(nearest, ex * ex + ey * ey);
    }
  }
  return Math.sqrt(nearest);
}

/** Points of an elliptic arc; angles in degrees, clockwise on the screen, 0 to the right. */
function arc(x: number, y: number, rx: number, ry: number, from: number, to: number): number[] {
  const steps = Math.ceil(Math.abs(to - from) / 30);
  return Array.from({ length: steps + 1 }, (_, i) => {
    const angle = ((from + ((to - from) * i) / steps) * Math.PI) / 180;
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
  }).flat();
}

const six: readonly Stroke[] = [
  [0.4, -0.9, ...arc(0.1, 0.3, 0.6, 0.9, 260, 180)],
  arc(0, 0.42, 0.5, 0.48, 0, 360),
];

const strokes: readonly (readonly Stroke[])[] = [
  [arc(0, 0, 0.58, 0.9, 0, 360)],
  [[-0.35, -0.5, 0.08, -0.9, 0.08, 0.9]],
  [[...arc(0, -0.42, 0.52, 0.48, 190, 400), -0.55, 0.9, 0.6, 0.9]],
  [[...arc(0, -0.44, 0.48, 0.46, 200, 450), ...arc(0, 0.44, 0.52, 0.46, 270, 510)]],
  [[0.25, 0.9, 0.25, -0.9, -0.6, 0.3, 0.6, 0.3]],
  [[0.5, -0.9, -0.42, -0.9, -0.46, -0.15, ...arc(-0.02, 0.33, 0.54, 0.57, 235, 500)]],
  six,
  [[-0.55, -0.9, 0.55, -0.9, -0.15, 0.9]],
  [arc(0, -0.45, 0.42, 0.43, 0, 360), arc(0, 0.44, 0.52, 0.46, 0, 360)],
  six.map((stroke) => stroke.map((v) => -v)),
];
