/**
 * One round in virtual time, on the discrete-event kernel:
 *
 *   0                      the model is broadcast, which takes broadcastS
 *   broadcastS             devices begin to train; device k is ready after computeS of its own
 *   the uplink begins      when all of them are ready, or deadlineS after the broadcast without the others
 *   the round ends         airtimeS later
 *
 * A device that drops out says so, and nobody waits for it. One that is ready just at the deadline is in time.
 */
import { type ProcessGenerator, Simulation } from "../kernel/index.js";

export interface RoundPlan {
  readonly broadcastS: number;
  /** After the broadcast; without one the server waits for all. */
  readonly deadlineS?: number | undefined;
  /** Devices that take part, and how long each trains [s]. */
  readonly devices: readonly { readonly device: number; readonly computeS: number }[];
}

export class RoundClock {
  readonly #sim = new Simulation();
  readonly #ready = new Set<number>();
  readonly #plan: RoundPlan;

  constructor(plan: RoundPlan) {
    this.#plan = plan;
  }

  /** Runs to where the uplink begins. Devices that are ready, and those that are too late, in the order of the plan. */
  untilUplink(): { ready: number[]; late: number[] } {
    const { devices } = this.#plan;
    const working = devices.map((each) => this.#sim.process(this.#device(each)));
    this.#sim.run(this.#sim.process(this.#server(working)));
    const numbers = devices.map(({ device }) => device);
    return {
      ready: numbers.filter((device) => this.#ready.has(device)),
      late: numbers.filter((device) => !this.#ready.has(device)),
    };
  }

  /** Runs to the end of the round, and says how long it took [s]. */
  finish(airtimeS: number): number {
    this.#sim.run(this.#sim.timeout(airtimeS));
    return this.#sim.now;
  }

  *#device({ device, computeS }: RoundPlan["devices"][number]): ProcessGenerator {
    yield this.#plan.broadcastS;
    yield computeS;
    this.#ready.add(device);
  }

  *#server(working: ReturnType<Simulation["process"]>[]): ProcessGenerator {
    const { broadcastS, deadlineS } = this.#plan;
    yield broadcastS;
    const all = this.#sim.allOf(working);
    yield deadlineS === undefined ? all : this.#sim.anyOf([all, this.#sim.timeout(deadlineS)]);
  }
}
