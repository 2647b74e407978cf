const FAMILY = 4; // children per entry: half the levels of a binary heap, and four times side by side

/**
 * A priority queue of items by time; equal times leave in the order in which they came.
 *
 * The key is (time, order of arrival): a heap keyed by time alone scrambles equal times. An item
 * stays in the slot where it was put; the heap moves only its time and the number of its slot.
 *
 * Source of the d-ary heap: Johnson, "Priority queues with update and finding minimum spanning
 * trees", Inf. Process. Lett. 4 (1975) 53-57.
 */
export class EventQueue<T> {
  #size = 0;
  #arrivals = 0; // exact up to 2^53
  #capacity = 64;
  /** By place in the heap: time [s], Infinity beyond `#size` so that any family can be read. */
  #times = new Float64Array(this.#capacity + FAMILY).fill(Infinity);
  /** By place in the heap: slot; beyond `#size`, the slots that are free. */
  #slots = Int32Array.from({ length: this.#capacity + FAMILY }, (_, i) => i);
  /** By slot: place in the heap. */
  #places = new Int32Array(this.#capacity);
  /** By slot: order of arrival. */
  #orders = new Float64Array(this.#capacity);
  /** By slot. */
  readonly #items: (T | undefined)[] = new Array(this.#capacity).fill(undefined);

  get size(): number {
    return this.#size;
  }

  /** Time of the item that leaves next [s]; Infinity when there is none. */
  get nextTime(): number {
    return this.#times[0]!;
  }

  /** Adds an item, at a finite time, and gives its slot: `remove` takes it while it is here. */
  push(time: number, item: T): number {
    if (this.#size === this.#capacity) this.#grow();
    const slot = this.#slots[this.#size]!;
    this.#items[slot] = item;
    this.#orders[slot] = this.#arrivals++;
    this.#siftUp(this.#size++, time, slot);
    return slot;
  }

  /** Takes out the next item. The queue must hold one. */
  pop(): T {
    const slot = this.#slots[0]!;
    const last = --this.#size;
    const time = this.#times[last]!;
    this.#times[last] = Infinity;
    if (last > 0) this.#siftDown(0, time, this.#slots[last]!); // the last entry fills the gap
    return this.#free(slot);
  }

  /** Takes out the item that `push` put into `slot`. */
  remove(slot: number): T {
    const gap = this.#places[slot]!;
    const last = --this.#size;
    const time = this.#times[last]!;
    const filler = this.#slots[last]!;
    this.#times[last] = Infinity;
    if (gap < last) {
      this.#siftDown(gap, time, filler);
      // Where it did not move down, it may be less than what is above.
      if (this.#places[filler] === gap) this.#siftUp(gap, time, filler);
    }
    return this.#free(slot);
  }

  #free(slot: number): T {
    const item = this.#items[slot] as T;
    this.#items[slot] = undefined; // or the queue would keep it alive
    this.#slots[this.#size] = slot;
    return item;
  }

  #siftUp(start: number, time: number, slot: number): void {
    const times = this.#times;
    const slots = this.#slots;
    const places = this.#places;
    const orders = this.#orders;
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >> 2;
      const t = times[parent]!;
      const s = slots[parent]!;
      if (t < time || (t === time && orders[s]! < orders[slot]!)) break;
      times[place] = t;
      slots[place] = s;
      places[s] = place;
      place = parent;
    }
    times[place] = time;
    slots[place] = slot;
    places[slot] = place;
  }

  #siftDown(start: number, time: number, slot: number): void {
    const times = this.#times;
    const slots = this.#slots;
    const places = this.#places;
    const orders = this.#orders;
    const size = this.#size;
    let place = start;
    for (;;) {
      const child = FAMILY * place + 1;
      if (child >= size) break;

      // The least of four. Which of two times is less is a toss-up that no processor can predict,
      // so the result of the comparison is added: a branch here halves the speed of the queue.
      // Equal times are rare, or in order already: they can be branches.
      const t0 = times[child]!;
      const t1 = times[child + 1]!;
      const t2 = times[child + 2]!;
      const t3 = times[child + 3]!;
      let a = child + Number(t1 < t0);
      if (t1 === t0 && orders[slots[child + 1]!]! < orders[slots[child]!]!) a = child + 1;
      let b = child + 2 + Number(t3 < t2);
      if (t3 === t2 && orders[slots[child + 3]!]! < orders[slots[child + 2]!]!) b = child + 3;
      const ta = times[a]!;
      const tb = times[b]!;
      let least = a + (b - a) * Number(tb < ta);
      if (tb === ta && orders[slots[b]!]! < orders[slots[a]!]!) least = b;

      const t = times[least]!;
      const s = slots[least]!;
      if (time < t || (time === t && orders[slot]! < orders[s]!)) break;
      times[place] = t;
      slots[place] = s;
      places[s] = place;
      place = least;
    }
    times[place] = time;
    slots[place] = slot;
    places[slot] = place;
  }

  #grow(): void {
    const from = this.#capacity;
    this.#capacity = 2 * from;
    const times = new Float64Array(this.#capacity + FAMILY).fill(Infinity);
    const slots = Int32Array.from({ length: this.#capacity + FAMILY }, (_, i) => i);
    const places = new Int32Array(this.#capacity);
    const orders = new Float64Array(this.#capacity);
    times.set(this.#times);
    slots.set(this.#slots.subarray(0, from));
    places.set(this.#places);
    orders.set(this.#orders);
    this.#times = times;
    this.#slots = slots;
    this.#places = places;
    this.#orders = orders;
    for (let i = from; i < this.#capacity; i++) this.#items.push(undefined);
  }
}
