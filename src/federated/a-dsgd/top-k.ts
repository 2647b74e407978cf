/**
 * The k largest magnitudes of a vector, without sorting it: the bits of a positive float32, read as an integer, grow
 * with the number, so that two passes of counting (16 bits each) find the k-th largest magnitude exactly.
 */

const buckets = 1 << 16;

export interface TopK {
  /**
   * Writes the places of the `count` largest magnitudes of `values` into `places`, ascending; of equal ones the first.
   * `count` is at most the length of either.
   */
  select(values: Float32Array, count: number, places: Int32Array): void;
}

export function topK(): TopK {
  const counts = new Uint32Array(buckets);

  /** The 16 bits at `shift` of the `rank`-th largest magnitude that `matches`, and its rank among those with these bits. */
  function digitOf(
    bits: Int32Array,
    shift: number,
    matches: (magnitude: number) => boolean,
    rank: number,
  ): { digit: number; rank: number } {
    counts.fill(0);
    for (let i = 0; i < bits.length; i++) {
      const magnitude = bits[i] & 0x7fffffff;
      if (matches(magnitude)) counts[(magnitude >>> shift) & (buckets - 1)]++;
    }
    let digit = buckets - 1;
    let left = rank;
    while (counts[digit] < left) left -= counts[digit--];
    return { digit, rank: left };
  }

  return {
    select(values, count, places) {
      if (count === 0) return;
      const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
      const high = digitOf(bits, 16, () => true, count);
      const low = digitOf(bits, 0, (magnitude) => magnitude >>> 16 === high.digit, high.rank);
      const least = high.digit * buckets + low.digit;
      for (let i = 0, next = 0, equals = low.rank; next < count; i++) {
        const magnitude = bits[i] & 0x7fffffff;
        if (magnitude > least || (magnitude === least && equals-- > 0)) places[next++] = i;
      }
    },
  };
}
