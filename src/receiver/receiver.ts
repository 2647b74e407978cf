/**
 * The receiver's first half: received packets to observations r = w + n, one per weight.
 */
import type { Packet } from "../channel.js";
import type { ProcessGenerator, Store } from "../kernel/index.js";

/** What the receiver knows of every weight: an unbiased value and its noise variance. */
export interface Observation {
  readonly r: Float32Array;
  /** One number, or one per weight where the noise differs between weights. */
  readonly noiseVariance: number | Float32Array;
}

/**
 * The receiver's process: undoes the transmitter's scale and collects `r` in weight order, until
 * `components` have arrived. Gives used packets back to `free`. Padding behind the last weight is dropped.
 * `onArrival` sees each packet before it is given back.
 */
export function* receiverProcess(
  r: Float32Array,
  components: number,
  scale: number,
  arrived: Store<Packet>,
  free: Store<Packet>,
  onArrival?: (packet: Packet) => void,
): ProcessGenerator<Observation> {
  let noiseVariance: number | Float32Array | undefined;
  for (let received = 0; received < components; ) {
    const packet = yield* arrived.get();
    onArrival?.(packet);
    const { y } = packet.reception;
    const count = Math.min(y.length, r.length - packet.first);
    for (let k = 0; k < count; k++) r[packet.first + k] = y[k] / scale;
    const power = scale * scale;
    const stated = packet.reception.noiseVariance;
    const variance = typeof stated === "number" ? stated / power : undefined;
    noiseVariance ??= variance ?? new Float32Array(r.length);
    if (typeof noiseVariance === "number" && variance !== noiseVariance) {
      // Packets so far shared one value; from here on each weight has its own.
      noiseVariance = new Float32Array(r.length).fill(noiseVariance);
    }
    if (typeof noiseVariance !== "number") {
      const { first } = packet;
      if (variance !== undefined) noiseVariance.fill(variance, first, first + count);
      else {
        const each = stated as Float32Array;
        for (let k = 0; k < count; k++) noiseVariance[first + k] = each[k] / power;
      }
    }
    received += y.length;
    yield* free.put(packet);
  }
  return { r, noiseVariance: noiseVariance ?? 0 };
}
