import { Claim, type Scheduler } from "./events.js";
import { Line, type Place } from "./line.js";

/**
 * Something that at most `capacity` holders use at a time; requests are served first come, first
 * served. A holder that may be interrupted releases in `finally`:
 *
 *     const request = radio.request();
 *     try {
 *       yield* request;
 *       yield* sim.timeout(airtimeS);
 *     } finally {
 *       radio.release(request);
 *     }
 */
export class Resource {
  readonly capacity: number;
  readonly #scheduler: Scheduler;
  readonly #line = new Line<Request>();
  readonly #holders = new Set<Request>();

  constructor(scheduler: Scheduler, capacity = 1) {
    if (!(Number.isInteger(capacity) && capacity >= 1)) {
      throw new RangeError(`Resource: capacity must be an integer >= 1, got ${capacity}`);
    }
    this.#scheduler = scheduler;
    this.capacity = capacity;
  }

  /** Slots in use. */
  get count(): number {
    return this.#holders.size;
  }

  /** Requests that wait for a slot. */
  get waitingRequests(): number {
    return this.#line.length;
  }

  /** Asks for a slot; the event happens when it is granted. */
  request(): Request {
    return new Request(this.#scheduler, this.#line, this.#serve, this.release);
  }

  /**
   * Gives back the slot of a request, or takes a request out of the line that was not yet granted
   * one. A request that holds nothing is left alone, so that `finally` need not ask.
   */
  readonly release = (request: Request): void => {
    if (this.#holders.delete(request)) this.#serve();
    else request.forget();
  };

  readonly #serve = (): void => {
    while (this.#line.length > 0 && this.#holders.size < this.capacity) {
      const request = this.#line.shift();
      this.#holders.add(request);
      request.grant();
    }
  };
}

export class Request extends Claim<void> {
  #place: Place<Request> | undefined;

  constructor(
    scheduler: Scheduler,
    readonly line: Line<Request>,
    readonly serve: () => void,
    readonly giveBack: (request: Request) => void,
  ) {
    super(scheduler);
    this.enter();
  }

  grant(): void {
    this.#place = undefined;
    this.trigger(false, undefined);
  }

  /** Leaves the line, if it stands there. */
  forget(): void {
    if (this.#place !== undefined) this.withdraw();
  }

  protected enter(): void {
    this.#place = this.line.push(this);
    this.serve();
  }

  protected leave(granted: { value: unknown } | undefined): void {
    if (granted !== undefined) this.giveBack(this);
    else {
      this.line.remove(this.#place!);
      this.#place = undefined;
    }
  }
}
