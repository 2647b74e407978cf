import { EventQueue } from "./event-queue.js";
import {
  AllOf,
  AnyOf,
  badDelay,
  type EventValue,
  isDelay,
  ManualEvent,
  type Scheduled,
  type Scheduler,
  SimEvent,
  Timeout,
} from "./events.js";
import { Process, type ProcessGenerator } from "./process.js";

/**
 * A discrete-event simulation: a clock, and a queue of what will happen.
 *
 * Actions run in the order of time; equal times run in the order they were scheduled, always. The
 * names are those of SimPy (https://simpy.readthedocs.io), whose `env` is this class.
 *
 *     const sim = new Simulation();
 *     function* clock(periodS: number): ProcessGenerator {
 *       for (;;) {
 *         console.log(sim.now);
 *         yield* sim.timeout(periodS);
 *       }
 *     }
 *     sim.process(clock(0.5));
 *     sim.run(2); // prints 0, 0.5, 1, 1.5
 */
export class Simulation implements Scheduler {
  readonly #queue = new EventQueue<Scheduled>();
  #now = 0;
  #running = false;

  /** Simulated time [s]; never decreases, never NaN. */
  get now(): number {
    return this.#now;
  }

  /** Time of what happens next [s], Infinity when nothing is left. */
  get nextTime(): number {
    return this.#queue.nextTime;
  }

  /** An event that happens `delay` seconds from now and brings `value`. */
  timeout(delay: number): Timeout<void>;
  timeout<T>(delay: number, value: T): Timeout<T>;
  timeout<T>(delay: number, value?: T): Timeout<T | undefined> {
    if (!isDelay(delay)) throw badDelay("timeout", delay);
    return new Timeout(this, delay, value);
  }

  /** An event that happens when its `succeed` or `fail` is called. */
  event<T = void>(): ManualEvent<T> {
    return new ManualEvent<T>(this);
  }

  /** Starts a process now, after all that is already scheduled for now. */
  process<R>(generator: ProcessGenerator<R>): Process<R> {
    return new Process(this, generator);
  }

  /**
   * An event that happens when all of `events` have: at once when there are none. Its value is the
   * list of their values. It fails with the first that fails.
   */
  allOf<const E extends readonly SimEvent<unknown>[]>(
    events: E,
  ): SimEvent<{ -readonly [K in keyof E]: EventValue<E[K]> }> {
    return new AllOf(this, events);
  }

  /**
   * An event that happens when the first of `events` has; its value is that event. The others are
   * let go: their items and slots are for others. It fails if the first to happen fails.
   */
  anyOf<E extends SimEvent<unknown>>(events: readonly E[]): SimEvent<E> {
    return new AnyOf(this, events);
  }

  /** Runs `action` once, `delay` seconds from now. */
  schedule(delay: number, action: () => void): void {
    if (!isDelay(delay)) throw badDelay("schedule", delay);
    this.enqueue(delay, { occur: action });
  }

  /**
   * Runs until nothing is left; until the time `until` [s], which the clock then shows while all
   * that is due at that time or later stays queued; or until the event `until` has happened, whose
   * value it returns. An error that nobody waits for ends the run and is thrown.
   */
  run(until?: number): void;
  run<T>(until: SimEvent<T>): T;
  run<T>(until: number | SimEvent<T> = Infinity): T | undefined {
    if (this.#running) throw new Error("run: the simulation is already running");
    this.#running = true;
    try {
      if (until instanceof SimEvent) return this.#runUntilEvent(until);
      if (until !== Infinity && !(until >= this.#now && until < Infinity)) {
        throw new RangeError(`run: until must be a time >= now (${this.#now} s), got ${until}`);
      }
      while (this.#queue.nextTime < until) this.#step();
      if (until < Infinity) this.#now = until;
      return undefined;
    } finally {
      this.#running = false;
    }
  }

  #runUntilEvent<T>(event: SimEvent<T>): T {
    const observer = { happened: () => {} }; // its error is thrown here, not by the queue
    event.attend(observer);
    while (!event.processed) {
      if (this.#queue.size === 0) {
        event.abandon(observer);
        throw new Error("run: nothing is left to happen, and the awaited event has not happened");
      }
      this.#step();
    }
    return event.value;
  }

  #step(): void {
    this.#now = this.#queue.nextTime;
    this.#queue.pop().occur();
  }

  /** For the kernel's own classes, which check the delay. */
  enqueue(delay: number, item: Scheduled): number {
    return this.#queue.push(this.#now + delay, item);
  }

  dequeue(slot: number): void {
    this.#queue.remove(slot);
  }
}
