import { Claim, type Scheduler } from "./events.js";
import { Line, type Place } from "./line.js";

/**
 * A queue of items between processes that holds at most `capacity` of them.
 *
 * `put` waits for room, `get` for an item; both are served first come, first served. An item that was
 * granted to a `get` whose process was interrupted before it received it goes back to the head.
 * Where a `put` has filled the room meanwhile, the store then holds one item more than its capacity
 * until the next `get`.
 */
export class Store<T> {
  readonly capacity: number;
  readonly #scheduler: Scheduler;
  readonly #items = new Line<T>();
  readonly #puts = new Line<StorePut<T>>();
  readonly #gets = new Line<StoreGet<T>>();

  constructor(scheduler: Scheduler, capacity = Infinity) {
    if (!(capacity >= 1 && (Number.isInteger(capacity) || capacity === Infinity))) {
      throw new RangeError(`Store: capacity must be an integer >= 1 or Infinity, got ${capacity}`);
    }
    this.#scheduler = scheduler;
    this.capacity = capacity;
  }

  /** Items in the store. */
  get size(): number {
    return this.#items.length;
  }

  /** Puts that wait for room. */
  get waitingPuts(): number {
    return this.#puts.length;
  }

  /** Gets that wait for an item. */
  get waitingGets(): number {
    return this.#gets.length;
  }

  /** Puts an item in; the event happens when there is room. It need not be waited for. */
  put(item: T): StorePut<T> {
    return new StorePut(this.#scheduler, item, this.#puts, this.#serve);
  }

  /** Takes the oldest item out; the event happens when there is one, and brings it. */
  get(): StoreGet<T> {
    return new StoreGet(this.#scheduler, this.#items, this.#gets, this.#serve);
  }

  /** Grants what can be granted. A put can make a get possible and the other way round. */
  readonly #serve = (): void => {
    for (;;) {
      if (this.#gets.length > 0 && this.#items.length > 0) {
        this.#gets.shift().grant(this.#items.shift());
      } else if (this.#puts.length > 0 && this.#items.length < this.capacity) {
        const put = this.#puts.shift();
        this.#items.push(put.item);
        put.grant();
      } else return;
    }
  };
}

export class StorePut<T> extends Claim<void> {
  #place: Place<StorePut<T>> | undefined;

  constructor(
    scheduler: Scheduler,
    readonly item: T,
    readonly line: Line<StorePut<T>>,
    readonly serve: () => void,
  ) {
    super(scheduler);
    this.enter();
  }

  grant(): void {
    this.trigger(false, undefined);
  }

  protected enter(): void {
    this.#place = this.line.push(this);
    this.serve();
  }

  // An item that is in the store stays there: whoever gets it need not ask who waited.
  protected override withdraw(): void {
    if (!this.triggered) super.withdraw();
  }

  protected leave(): void {
    this.line.remove(this.#place!);
  }
}

export class StoreGet<T> extends Claim<T> {
  #place: Place<StoreGet<T>> | undefined;

  constructor(
    scheduler: Scheduler,
    readonly items: Line<T>,
    readonly line: Line<StoreGet<T>>,
    readonly serve: () => void,
  ) {
    super(scheduler);
    this.enter();
  }

  grant(item: T): void {
    this.trigger(false, item);
  }

  protected enter(): void {
    this.#place = this.line.push(this);
    this.serve();
  }

  protected leave(granted: { value: T } | undefined): void {
    if (granted === undefined) this.line.remove(this.#place!);
    else {
      this.items.pushFront(granted.value);
      this.serve();
    }
  }
}
