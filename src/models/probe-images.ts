/**
 * Images of nothing: what a network is tried on where no image may be had. Both ends make the same.
 *
 * Dead leaves: discs of random radius, place and colour cover each other until no pixel is left bare, the first disc on
 * top. With as many discs of radius r as r⁻³, cut off at both ends, such images have the correlations between pixels
 * that photographs have, and their edges; these are what filters answer to. Colours are normal, and independent between channels.
 *
 * Source: Lee, Mumford & Huang, "Occlusion models for natural images", Int. J. Comput. Vis. 41 (2001) 35–59.
 */
import { RandomSource, type RandomStream } from "../kernel/index.js";

/** Enough that a variance over images and positions is known far better than filters differ. */
export const probeImages = 100;

/** Radii, in rows of an image: below the lower end discs are single pixels, and the upper fills an image. */
const smallest = 1 / 16;
const largest = 1 / 2;

/** Mean and standard deviation of the pixels of each channel. */
export interface PixelStatistics {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/** `shape`: [channels, rows, columns]; images follow each other, row-major. */
export function makeProbeImages(shape: readonly number[], pixels: PixelStatistics): Float32Array {
  const [channels, rows, columns] = shape;
  const plane = rows * columns;
  const images = new Float32Array(probeImages * channels * plane);
  const random = new RandomSource("probe images");
  for (let i = 0; i < probeImages; i++) {
    const image = images.subarray(i * channels * plane, (i + 1) * channels * plane);
    coverWithDiscs(image, channels, rows, columns, random.stream(`${i}`));
  }
  const own = pixelStatistics(images, shape);
  forEachPixel(images, shape, (k, c) => {
    images[k] =
      pixels.mean[c] + (pixels.deviation[c] / own.deviation[c]) * (images[k] - own.mean[c]);
  });
  return images;
}

/** Of images of this shape, one after another. */
export function pixelStatistics(images: Float32Array, shape: readonly number[]): PixelStatistics {
  const [channels] = shape;
  const count = images.length / channels;
  const mean = new Float64Array(channels);
  const square = new Float64Array(channels);
  forEachPixel(images, shape, (k, c) => {
    mean[c] += images[k] / count;
  });
  forEachPixel(images, shape, (k, c) => {
    square[c] += (images[k] - mean[c]) ** 2 / count;
  });
  return { mean: Float32Array.from(mean), deviation: Float32Array.from(square, Math.sqrt) };
}

function forEachPixel(
  images: Float32Array,
  [channels, rows, columns]: readonly number[],
  visit: (place: number, channel: number) => void,
): void {
  const plane = rows * columns;
  for (let k = 0; k < images.length; k++) visit(k, Math.floor(k / plane) % channels);
}

function coverWithDiscs(
  image: Float32Array,
  channels: number,
  rows: number,
  columns: number,
  random: RandomStream,
): void {
  const plane = rows * columns;
  const covered = new Uint8Array(plane);
  const colour = new Float32Array(channels);
  for (let bare = plane; bare > 0; ) {
    const u = random.uniform();
    const radius = rows / Math.sqrt((1 - u) / smallest ** 2 + u / largest ** 2);
    const y0 = random.uniform() * (rows + 2 * radius) - radius;
    const x0 = random.uniform() * (columns + 2 * radius) - radius;
    random.fillNormal(colour);
    const [top, bottom] = [Math.ceil(y0 - radius), Math.floor(y0 + radius)];
    const [left, right] = [Math.ceil(x0 - radius), Math.floor(x0 + radius)];
    for (let y = Math.max(0, top); y <= Math.min(rows - 1, bottom); y++) {
      for (let x = Math.max(0, left); x <= Math.min(columns - 1, right); x++) {
        const k = y * columns + x;
        if (covered[k] === 1 || (y - y0) ** 2 + (x - x0) ** 2 > radius ** 2) continue;
        covered[k] = 1;
        bare--;
        for (let c = 0; c < channels; c++) image[c * plane + k] = colour[c];
      }
    }
  }
}
