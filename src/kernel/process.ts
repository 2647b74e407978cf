import { badDelay, isDelay, type Scheduler, SimEvent, type Waiter } from "./events.js";

/**
 * What a process is: a generator that yields the events it waits for. It may also yield a delay [s]
 * to sleep: `yield 0.5` is `yield sim.timeout(0.5)` without the event, and faster.
 */
export type ProcessGenerator<R = void> = Generator<SimEvent<unknown> | number, R, unknown>;

/** Thrown into a process at its wait when another calls `interrupt(cause)`. */
export class Interrupt extends Error {
  override name = "Interrupt";

  constructor(cause?: unknown) {
    super("the process was interrupted", { cause });
  }
}

/**
 * A running generator, and the event of its end: others can wait for it and get its return value,
 * or the error that it did not catch.
 */
export class Process<R = void> extends SimEvent<R> implements Waiter {
  readonly #generator: ProcessGenerator<R>;
  #awaited: SimEvent<unknown> | undefined;
  /** Place in the queue while it sleeps. */
  #slot = 0;

  constructor(scheduler: Scheduler, generator: ProcessGenerator<R>) {
    super(scheduler);
    if (typeof generator?.next !== "function") {
      throw new TypeError(
        `process: needs a generator, got ${typeof generator}; call the generator function`,
      );
    }
    this.#generator = generator;
    scheduler.enqueue(0, this);
  }

  /** True until the generator has returned or thrown. */
  get isAlive(): boolean {
    return !this.triggered;
  }

  /**
   * Throws an `Interrupt` into the process where it waits, now, after all that is already scheduled
   * for now. The wait is abandoned; what it had claimed is given back. If the process has ended by
   * then, nothing happens.
   */
  interrupt(cause?: unknown): void {
    if (!this.isAlive) throw new Error("interrupt: the process has already ended");
    this.scheduler.enqueue(0, { occur: () => this.#break(new Interrupt(cause)) });
  }

  #break(interrupt: Interrupt): void {
    if (!this.isAlive) return;
    if (this.#awaited === undefined) this.scheduler.dequeue(this.#slot);
    else this.#awaited.abandon(this);
    this.#resume(true, interrupt);
  }

  /** The start, the end of a sleep, or the end of the process. */
  override occur(): void {
    if (this.isAlive) this.#resume(false, undefined);
    else super.occur();
  }

  happened(event: SimEvent<unknown>): void {
    this.#resume(!event.ok, event.ok ? event.value : event.error);
  }

  /** Runs the generator to its next wait. */
  #resume(failed: boolean, outcome: unknown): void {
    this.#awaited = undefined;
    let throwing = failed;
    let sent = outcome;
    for (;;) {
      let step: IteratorResult<SimEvent<unknown> | number, R>;
      try {
        step = throwing ? this.#generator.throw(sent) : this.#generator.next(sent);
      } catch (error) {
        this.trigger(true, error);
        return;
      }
      const wait = step.value;
      if (step.done) {
        this.trigger(false, wait);
        return;
      }
      if (typeof wait === "number") {
        if (isDelay(wait)) {
          this.#slot = this.scheduler.enqueue(wait, this);
          return;
        }
        throwing = true;
        sent = badDelay("process", wait);
      } else if (!(wait instanceof SimEvent)) {
        throwing = true;
        sent = new TypeError(`process: can only wait for events and delays, got ${String(wait)}`);
      } else {
        wait.attend(this);
        if (!wait.processed) {
          this.#awaited = wait;
          return;
        }
        throwing = !wait.ok;
        sent = throwing ? wait.error : wait.value;
      }
    }
  }
}
