/** A place in a line. */
export interface Place<T> {
  readonly item: T;
  before: Place<T> | undefined;
  behind: Place<T> | undefined;
}

/**
 * First in, first out, and anyone may leave from the middle at no cost: a doubly linked list.
 * Array.shift and Array.splice move all that stand behind.
 */
export class Line<T> {
  #head: Place<T> | undefined;
  #tail: Place<T> | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): Place<T> {
    const place: Place<T> = { item, before: this.#tail, behind: undefined };
    if (this.#tail === undefined) this.#head = place;
    else this.#tail.behind = place;
    this.#tail = place;
    this.#length++;
    return place;
  }

  pushFront(item: T): void {
    const place: Place<T> = { item, before: undefined, behind: this.#head };
    if (this.#head === undefined) this.#tail = place;
    else this.#head.before = place;
    this.#head = place;
    this.#length++;
  }

  /** Takes out the first. The line must not be empty. */
  shift(): T {
    const place = this.#head!;
    this.remove(place);
    return place.item;
  }

  /** Takes out a place that is in this line. */
  remove(place: Place<T>): void {
    if (place.before === undefined) this.#head = place.behind;
    else place.before.behind = place.behind;
    if (place.behind === undefined) this.#tail = place.before;
    else place.behind.before = place.before;
    place.before = undefined; // or a place that somebody keeps would keep all that followed it
    place.behind = undefined;
    this.#length--;
  }
}
