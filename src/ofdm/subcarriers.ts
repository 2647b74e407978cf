/**
 * Which subcarriers of an OFDM symbol carry what.
 *
 * The `occupied` subcarriers lie around the carrier, frequencies −⌊occupied/2⌋, … in subcarrier spacings,
 * the carrier's own (DC) among them as in 5G NR; the rest stays empty. A subcarrier has a place, counted
 * from the lowest frequency, and a bin of the FFT. Comb pilots stand at places 0, spacing, 2 spacing, …
 * and at the last place, so that no estimate has to reach beyond its pilots.
 */
export interface Subcarriers {
  readonly fftSize: number;
  readonly occupied: number;
  /** Places in ascending order. */
  readonly data: Int32Array;
  readonly pilots: Int32Array;
  /** FFT bin of each place. */
  readonly bins: Int32Array;
}

/** `pilotSpacing` is absent where there are no pilots. */
export function subcarriers(
  fftSize: number,
  occupied: number,
  pilotSpacing: number | undefined,
): Subcarriers {
  const lowest = Math.floor(occupied / 2);
  const bins = Int32Array.from(
    { length: occupied },
    (_, place) => (place - lowest + fftSize) % fftSize,
  );
  const isPilot = (place: number) =>
    pilotSpacing !== undefined && (place % pilotSpacing === 0 || place === occupied - 1);
  const places = Int32Array.from(bins, (_, place) => place);
  return {
    fftSize,
    occupied,
    data: places.filter((place) => !isPilot(place)),
    pilots: places.filter(isPilot),
    bins,
  };
}
