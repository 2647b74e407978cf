/**
 * Events: what processes wait for.
 *
 * An event is pending, then triggered (its value is known and it stands in the queue), then
 * processed (those who waited for it have been told). Between the two, everything that was
 * scheduled earlier for the same instant runs.
 *
 * A wait can be given up: the process is interrupted, or another branch of `anyOf` wins. Events that
 * claim something of others (an item of a store, a slot of a resource) are `Claim`s. A claim that
 * nobody waits for any more is withdrawn: it leaves its line, or gives back what it was granted and
 * no process has received. Waiting for it again claims again, at the end of the line.
 */

/** Something in the queue of the simulation; `occur` runs when its time has come. */
export interface Scheduled {
  occur(): void;
}

/** What events need of the simulation they belong to. */
export interface Scheduler {
  /** Simulated time [s]. */
  readonly now: number;
  /** Queues `item` to occur `delay` seconds from now and gives its slot in the queue. */
  enqueue(delay: number, item: Scheduled): number;
  dequeue(slot: number): void;
}

/** A delay that the clock can take; written in the positive, so that NaN is none. */
export function isDelay(delay: number): boolean {
  return delay >= 0 && delay < Infinity;
}

export function badDelay(method: string, delay: number): RangeError {
  return new RangeError(`${method}: delay must be finite and >= 0 s, got ${delay}`);
}

/** One who waits for an event: a process, a condition, a run. */
export interface Waiter {
  happened(event: SimEvent<unknown>): void;
}

/** The type of the value that an event brings. */
export type EventValue<E> = E extends SimEvent<infer T> ? T : never;

// States; the order matters to the comparisons below.
const WITHDRAWN = -1;
const PENDING = 0;
const TRIGGERED = 1;
const PROCESSED = 2;
const FAILING = 3; // triggered, with an error
const FAILED = 4; // processed, with an error

/**
 * Something that happens once, with a value or with an error.
 *
 * In a process, `const value = yield* event` waits for it and gives its value with its type, or
 * throws its error; `(yield event) as T` does the same without the type. A failed event that nobody
 * waits for ends `run` with its error.
 */
export abstract class SimEvent<T = unknown> implements Scheduled {
  // Few fields: events are what the kernel makes most of, and memory is what their speed hangs on.
  protected state: number = PENDING;
  /** The value or the error; means nothing before the event is triggered. */
  protected outcome: unknown;
  /** Most events have one waiter; a set keeps the order of several, and removes at no cost. */
  #waiters: Waiter | Set<Waiter> | undefined;

  constructor(
    protected readonly scheduler: Scheduler,
    outcome?: T,
  ) {
    this.outcome = outcome;
  }

  /** True once the value or the error is known. A timeout is triggered when its time comes. */
  get triggered(): boolean {
    return this.state >= TRIGGERED;
  }

  /** True once those who waited have been told. */
  get processed(): boolean {
    return this.state === PROCESSED || this.state === FAILED;
  }

  /** True when the event happened without an error. */
  get ok(): boolean {
    return this.state === TRIGGERED || this.state === PROCESSED;
  }

  /** The value; throws the error of a failed event. */
  get value(): T {
    if (this.ok) return this.outcome as T;
    if (this.triggered) throw this.outcome;
    throw new Error("event: it has no value before it has happened");
  }

  /** The error of a failed event, or undefined. */
  get error(): unknown {
    return this.state >= FAILING ? this.outcome : undefined;
  }

  /** How many wait for this event. */
  get waiting(): number {
    if (this.#waiters instanceof Set) return this.#waiters.size;
    return this.#waiters === undefined ? 0 : 1;
  }

  /** Lets a process write `yield* event`. */
  [Symbol.iterator](): Iterator<SimEvent<unknown>, T, unknown> {
    return new Wait(this);
  }

  // The rest is for the kernel's own classes.

  /** Adds one who waits. Nobody is told twice: ask `processed` afterwards. */
  attend(waiter: Waiter): void {
    if (this.processed) return;
    if (this.#waiters === undefined) this.#waiters = waiter;
    else if (this.#waiters instanceof Set) this.#waiters.add(waiter);
    else this.#waiters = new Set([this.#waiters, waiter]);
  }

  /** Takes back `attend`. */
  abandon(waiter: Waiter): void {
    if (this.#waiters instanceof Set) this.#waiters.delete(waiter);
    else if (this.#waiters === waiter) this.#waiters = undefined;
  }

  /** Tells those who wait. Called by the queue. */
  occur(): void {
    if (this.state === TRIGGERED) this.state = PROCESSED;
    else if (this.state === FAILING) this.state = FAILED;
    else return; // withdrawn meanwhile

    const waiters = this.#waiters;
    if (this.state === FAILED && this.waiting === 0) throw this.outcome;
    if (waiters instanceof Set) for (const waiter of waiters) waiter.happened(this);
    else waiters?.happened(this);
    this.#waiters = undefined;
  }

  protected trigger(failed: boolean, outcome: unknown): void {
    this.state = failed ? FAILING : TRIGGERED;
    this.outcome = outcome;
    this.scheduler.enqueue(0, this);
  }
}

/** One `yield*` on an event: yields the event, then returns what the process is resumed with. */
class Wait<T> implements Iterator<SimEvent<unknown>, T, unknown> {
  #begun = false;

  constructor(readonly event: SimEvent<T>) {}

  next(resumedWith: unknown): IteratorResult<SimEvent<unknown>, T> {
    if (this.#begun) return { done: true, value: resumedWith as T };
    this.#begun = true;
    return { done: false, value: this.event };
  }

  throw(error: unknown): never {
    throw error;
  }
}

/** An event that happens when the program says so. */
export class ManualEvent<T = void> extends SimEvent<T> {
  /** Makes the event happen now, after all that is already scheduled for now. */
  succeed(value: T): this {
    this.#requirePending("succeed");
    this.trigger(false, value);
    return this;
  }

  /** As `succeed`, but those who wait get the error thrown. */
  fail(error: Error): this {
    this.#requirePending("fail");
    this.trigger(true, error);
    return this;
  }

  #requirePending(method: string): void {
    if (this.triggered) throw new Error(`${method}: the event has already been triggered`);
  }
}

/** An event that happens `delay` seconds after it was made. */
export class Timeout<T = void> extends SimEvent<T> {
  #slot: number; // in the queue; -1 when not there

  constructor(scheduler: Scheduler, delay: number, value: T) {
    super(scheduler, value);
    this.#slot = scheduler.enqueue(delay, this);
  }

  override occur(): void {
    this.#slot = -1;
    this.state = TRIGGERED;
    super.occur();
  }

  /**
   * Takes the timeout out of the queue: it never happens, and no longer keeps `run` going.
   * A timeout that lost in `anyOf` stays queued otherwise, for it may be waited for again.
   */
  cancel(): void {
    if (this.waiting > 0) throw new Error("cancel: a process waits for this timeout");
    if (this.#slot >= 0) this.scheduler.dequeue(this.#slot);
    this.#slot = -1;
  }
}

/** An event that claims something of others; the header of this file says when it lets go. */
export abstract class Claim<T> extends SimEvent<T> {
  /** Those who attended and have not abandoned. Who was told holds for good: it has the value. */
  #holders = 0;

  /** Makes the claim: called at the start, and again when a withdrawn claim is waited for. */
  protected abstract enter(): void;

  /** Undoes `enter`; `granted` is set when the claim had been granted, with its value. */
  protected abstract leave(granted: { value: T } | undefined): void;

  override attend(waiter: Waiter): void {
    this.#holders++;
    if (this.state === WITHDRAWN) {
      this.state = PENDING;
      this.enter();
    }
    super.attend(waiter);
  }

  override abandon(waiter: Waiter): void {
    super.abandon(waiter);
    if (--this.#holders === 0) this.withdraw();
  }

  /** Lets go of the claim. A failure stays, to be seen. */
  protected withdraw(): void {
    if (this.state === WITHDRAWN || this.state >= FAILING) return;
    const granted = this.triggered ? { value: this.value } : undefined;
    this.state = WITHDRAWN;
    this.leave(granted);
  }
}

/** Common part of `allOf` and `anyOf`: claims its members while it is waited for. */
abstract class Condition<T> extends Claim<T> implements Waiter {
  protected readonly members: SimEvent<unknown>[];

  constructor(scheduler: Scheduler, events: Iterable<SimEvent<unknown>>) {
    super(scheduler);
    this.members = [...new Set(events)];
  }

  abstract happened(event: SimEvent<unknown>): void;

  protected enter(): void {
    // All are attended before any is counted, so that each can be abandoned later.
    for (const member of this.members) member.attend(this);
    for (const member of this.members) {
      if (member.processed) this.happened(member);
    }
  }

  /** Lets go of all members but one. Backwards, so that items go back in the order they came. */
  protected release(kept?: SimEvent<unknown>): void {
    for (let i = this.members.length - 1; i >= 0; i--) {
      if (this.members[i] !== kept) this.members[i]!.abandon(this);
    }
  }

  protected failWith(member: SimEvent<unknown>): void {
    this.release(member);
    this.trigger(true, member.error);
  }
}

/** Happens when all of its events have; its value is the list of theirs, in the given order. */
export class AllOf<T> extends Condition<T> {
  #remaining = 0;
  readonly #events: readonly SimEvent<unknown>[];

  constructor(scheduler: Scheduler, events: readonly SimEvent<unknown>[]) {
    super(scheduler, events);
    this.#events = [...events];
    this.enter();
  }

  protected override enter(): void {
    this.#remaining = this.members.length;
    super.enter();
    if (this.members.length === 0) this.#finish();
  }

  happened(event: SimEvent<unknown>): void {
    if (this.state !== PENDING) return;
    if (!event.ok) this.failWith(event);
    else if (--this.#remaining === 0) this.#finish();
  }

  #finish(): void {
    this.trigger(
      false,
      this.#events.map((event) => event.value),
    );
  }

  protected leave(): void {
    this.release();
  }
}

/** Happens when the first of its events has; its value is that event. */
export class AnyOf<E extends SimEvent<unknown>> extends Condition<E> {
  constructor(scheduler: Scheduler, events: readonly E[]) {
    super(scheduler, events);
    if (events.length === 0) {
      throw new RangeError("anyOf: needs at least one event; none of none can ever happen");
    }
    this.enter();
  }

  happened(event: SimEvent<unknown>): void {
    if (this.state !== PENDING) return;
    if (!event.ok) this.failWith(event);
    else {
      this.release(event);
      this.trigger(false, event);
    }
  }

  protected leave(granted: { value: E } | undefined): void {
    // Once granted, the losers have been let go already.
    if (granted === undefined) this.release();
    else granted.value.abandon(this);
  }
}
