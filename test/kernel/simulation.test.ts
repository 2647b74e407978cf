import { describe, expect, expectTypeOf, test } from "vitest";
import { Interrupt, type ProcessGenerator, Simulation, Store } from "../../src/kernel/index.js";

describe("time and order", () => {
  test("actions run at their time, equal times in the order of scheduling", () => {
    const sim = new Simulation();
    const log: string[] = [];
    const note = (name: string) => () => log.push(`${name}@${sim.now}`);
    sim.schedule(2, note("a"));
    sim.schedule(1, note("b"));
    sim.schedule(2, note("c"));
    sim.schedule(0, note("d"));
    sim.schedule(1, () => sim.schedule(1, note("e")));
    sim.run();
    expect(log).toEqual(["d@0", "b@1", "a@2", "c@2", "e@2"]);
  });

  test("processes, timeouts, delays and actions share one order", () => {
    const sim = new Simulation();
    const log: string[] = [];
    function* sleeper(name: string): ProcessGenerator {
      yield 1;
      log.push(name);
      yield* sim.timeout(0);
      log.push(`${name}'`);
    }
    sim.process(sleeper("p"));
    sim.schedule(1, () => log.push("before q")); // scheduled before p and q start to sleep
    sim.process(sleeper("q"));
    sim.schedule(0, () => sim.schedule(1, () => log.push("after q")));
    sim.run();
    expect(log).toEqual(["before q", "p", "q", "after q", "p'", "q'"]);
  });

  test("100,000 processes that wake at the same time wake in order", () => {
    const sim = new Simulation();
    const woken: number[] = [];
    function* sleeper(i: number): ProcessGenerator {
      yield i % 2 === 0 ? 1 : sim.timeout(1);
      woken.push(i);
    }
    for (let i = 0; i < 100_000; i++) sim.process(sleeper(i));
    sim.run();
    expect(woken.length).toBe(100_000);
    expect(woken.every((value, i) => value === i)).toBe(true);
  });

  test.each([-1, -1e-300, Number.NaN, Infinity, -Infinity])("a delay of %d is refused", (delay) => {
    const sim = new Simulation();
    const message = `delay must be finite and >= 0 s, got ${delay}`;
    expect(() => sim.timeout(delay)).toThrow(new RangeError(`timeout: ${message}`));
    expect(() => sim.schedule(delay, () => {})).toThrow(new RangeError(`schedule: ${message}`));
    function* sleeper(): ProcessGenerator {
      yield delay;
    }
    sim.process(sleeper());
    expect(() => sim.run()).toThrow(new RangeError(`process: ${message}`));
    expect(sim.now).toBe(0);
  });
});

describe("run", () => {
  function ticking() {
    const sim = new Simulation();
    const ticks: number[] = [];
    function* clock(): ProcessGenerator {
      for (;;) {
        ticks.push(sim.now);
        yield 1;
      }
    }
    sim.process(clock());
    return { sim, ticks };
  }

  test("until a time: the clock shows it, and what is due then or later stays", () => {
    const { sim, ticks } = ticking();
    sim.run(2.5);
    expect(ticks).toEqual([0, 1, 2]);
    expect(sim.now).toBe(2.5);
    sim.run(4);
    expect(ticks).toEqual([0, 1, 2, 3]);
    expect(sim.now).toBe(4);
    expect(sim.nextTime).toBe(4);
    sim.run(4);
    expect(ticks).toEqual([0, 1, 2, 3]);
    sim.run(4.1);
    expect(ticks).toEqual([0, 1, 2, 3, 4]);
  });

  test("until a time when nothing is left: the clock still gets there", () => {
    const sim = new Simulation();
    sim.schedule(1, () => {});
    sim.run(10);
    expect(sim.now).toBe(10);
    sim.run();
    expect(sim.now).toBe(10);
  });

  test("until an event: gives its value", () => {
    const { sim, ticks } = ticking();
    const value = sim.run(sim.timeout(3.5, "done"));
    expectTypeOf(value).toEqualTypeOf<string>();
    expect(value).toBe("done");
    expect(ticks).toEqual([0, 1, 2, 3]);
    expect(sim.now).toBe(3.5);
  });

  test("until an event that fails: throws its error", () => {
    const sim = new Simulation();
    const event = sim.event();
    sim.schedule(1, () => event.fail(new Error("no carrier")));
    expect(() => sim.run(event)).toThrow("no carrier");
  });

  test("until an event that has happened, and one that cannot", () => {
    const sim = new Simulation();
    const event = sim.event<number>().succeed(4);
    sim.run();
    expect(sim.run(event)).toBe(4);
    const never = sim.event();
    expect(() => sim.run(never)).toThrow(
      "run: nothing is left to happen, and the awaited event has not happened",
    );
    expect(never.waiting).toBe(0);
  });

  test("bad ends and runs within runs are refused", () => {
    const sim = new Simulation();
    sim.run(5);
    for (const until of [4, Number.NaN, -Infinity]) {
      expect(() => sim.run(until)).toThrow(`run: until must be a time >= now (5 s), got ${until}`);
    }
    sim.schedule(0, () => sim.run());
    expect(() => sim.run()).toThrow("run: the simulation is already running");
  });

  test("an action that throws ends the run; the next run goes on", () => {
    const sim = new Simulation();
    const log: number[] = [];
    sim.schedule(1, () => {
      throw new Error("boom");
    });
    sim.schedule(2, () => log.push(sim.now));
    expect(() => sim.run()).toThrow("boom");
    expect(sim.now).toBe(1);
    sim.run();
    expect(log).toEqual([2]);
  });
});

describe("events", () => {
  test("bring their value, with its type, to all who wait, in the order they came", () => {
    const sim = new Simulation();
    const log: unknown[] = [];
    const event = sim.event<number>();
    function* waiter(name: string): ProcessGenerator {
      const value = yield* event;
      expectTypeOf(value).toEqualTypeOf<number>();
      log.push([name, value, (yield event) as number]);
    }
    for (const name of ["a", "b", "c"]) sim.process(waiter(name));
    sim.schedule(1, () => event.succeed(7));
    sim.run();
    expect(log).toEqual([
      ["a", 7, 7],
      ["b", 7, 7],
      ["c", 7, 7],
    ]);
  });

  test("are pending, triggered, processed", () => {
    const sim = new Simulation();
    const event = sim.event<string>();
    const timeout = sim.timeout(1, "late");
    expect([event.triggered, event.processed, event.ok]).toEqual([false, false, false]);
    expect(() => event.value).toThrow("event: it has no value before it has happened");
    event.succeed("x");
    expect([event.triggered, event.processed, event.ok]).toEqual([true, false, true]);
    expect(event.value).toBe("x");
    expect(timeout.triggered).toBe(false);
    sim.run();
    expect([event.processed, timeout.processed, timeout.value]).toEqual([true, true, "late"]);
    expect(() => event.succeed("y")).toThrow("succeed: the event has already been triggered");
    expect(() => event.fail(new Error())).toThrow("fail: the event has already been triggered");
  });

  test("a failure is thrown into those who wait", () => {
    const sim = new Simulation();
    const event = sim.event();
    function* waiter(): ProcessGenerator<string> {
      try {
        yield* event;
        return "went on";
      } catch (error) {
        return (error as Error).message;
      }
    }
    const both = sim.allOf([sim.process(waiter()), sim.process(waiter())]);
    sim.schedule(0, () => event.fail(new Error("lost")));
    expect(sim.run(both)).toEqual(["lost", "lost"]);
    expect(event.ok).toBe(false);
    expect(() => event.value).toThrow("lost");
  });

  test("a failure that nobody waits for ends the run", () => {
    const sim = new Simulation();
    sim.event().fail(new Error("unheard"));
    expect(() => sim.run()).toThrow("unheard");
    sim.run();
  });

  test("a timeout that was cancelled does not keep the run going", () => {
    const sim = new Simulation();
    const log: number[] = [];
    const timeouts = [5, 1, 9].map((delay) => sim.timeout(delay));
    sim.schedule(2, () => log.push(sim.now));
    timeouts[0]!.cancel();
    timeouts[2]!.cancel();
    timeouts[2]!.cancel();
    sim.run();
    expect(sim.now).toBe(2);
    expect(timeouts.map((timeout) => timeout.triggered)).toEqual([false, true, false]);
    timeouts[1]!.cancel(); // too late: nothing happens
    expect(timeouts[1]!.ok).toBe(true);
  });

  test("a timeout that is waited for cannot be cancelled", () => {
    const sim = new Simulation();
    const timeout = sim.timeout(1);
    function* waiter(): ProcessGenerator {
      yield* timeout;
    }
    sim.process(waiter());
    sim.schedule(0, () => timeout.cancel());
    expect(() => sim.run()).toThrow("cancel: a process waits for this timeout");
  });
});

describe("processes", () => {
  test("are events: others wait for them and get what they return", () => {
    const sim = new Simulation();
    function* child(): ProcessGenerator<number> {
      yield 2;
      return 42;
    }
    function* parent(): ProcessGenerator<string> {
      const value = yield* sim.process(child());
      expectTypeOf(value).toEqualTypeOf<number>();
      return `${value}@${sim.now}`;
    }
    const process = sim.process(parent());
    expect(process.isAlive).toBe(true);
    expect(sim.run(process)).toBe("42@2");
    expect(process.isAlive).toBe(false);
  });

  test("call one another with yield*", () => {
    const sim = new Simulation();
    function* transmit(packets: number): ProcessGenerator<number> {
      for (let i = 0; i < packets; i++) yield 0.5;
      return sim.now;
    }
    function* sender(): ProcessGenerator<number[]> {
      return [yield* transmit(2), yield* transmit(3)];
    }
    expect(sim.run(sim.process(sender()))).toEqual([1, 2.5]);
  });

  test("an error nobody waits for surfaces from run; a waiting process can catch it", () => {
    const sim = new Simulation();
    function* failing(): ProcessGenerator {
      yield 1;
      throw new Error("broken");
    }
    sim.process(failing());
    expect(() => sim.run()).toThrow("broken");

    function* parent(): ProcessGenerator<string> {
      try {
        yield* sim.process(failing());
      } catch (error) {
        return `caught ${(error as Error).message}`;
      }
      return "";
    }
    expect(sim.run(sim.process(parent()))).toBe("caught broken");
  });

  test("an error passes through all that wait and do not catch", () => {
    const sim = new Simulation();
    function* failing(depth: number): ProcessGenerator {
      if (depth === 0) throw new Error("deep");
      yield* sim.process(failing(depth - 1));
    }
    sim.process(failing(5));
    expect(() => sim.run()).toThrow("deep");
  });

  test("what is no event and no generator is refused", () => {
    const sim = new Simulation();
    function* wrong(): Generator<unknown, void, unknown> {
      yield "5 s";
    }
    sim.process(wrong() as ProcessGenerator);
    expect(() => sim.run()).toThrow(
      new TypeError("process: can only wait for events and delays, got 5 s"),
    );
    expect(() => sim.process(wrong as unknown as ProcessGenerator)).toThrow(
      "process: needs a generator, got function; call the generator function",
    );
  });
});

describe("interrupt", () => {
  /** A process that waits, and reports how the wait ended. */
  function* waiting(sim: Simulation, wait: () => ReturnType<Simulation["event"]> | number) {
    try {
      yield wait() as never;
      return `waited until ${sim.now}`;
    } catch (error) {
      if (!(error instanceof Interrupt)) throw error;
      return `${error.cause}@${sim.now}`;
    }
  }

  test.each(["delay", "timeout", "event", "process"])("while waiting for a %s", (what) => {
    const sim = new Simulation();
    const event = sim.event();
    function* sleeper(): ProcessGenerator {
      yield 10;
    }
    const other = sim.process(sleeper());
    const waits: Record<string, () => unknown> = {
      delay: () => 10,
      timeout: () => sim.timeout(10),
      event: () => event,
      process: () => other,
    };
    const process = sim.process(waiting(sim, waits[what] as never) as ProcessGenerator<string>);
    sim.schedule(3, () => process.interrupt("hurry"));
    expect(sim.run(process)).toBe("hurry@3");
    expect([event.waiting, other.waiting]).toEqual([0, 0]);
    sim.run();
    expect(other.ok).toBe(true);
  });

  test("a sleep that was interrupted leaves the queue", () => {
    const sim = new Simulation();
    const process = sim.process(waiting(sim, () => 1e9) as ProcessGenerator<string>);
    sim.schedule(3, () => process.interrupt("hurry"));
    sim.run();
    expect(sim.now).toBe(3);
  });

  test("the process can wait again for what it was waiting for", () => {
    const sim = new Simulation();
    function* sleeper(): ProcessGenerator<number> {
      const alarm = sim.timeout(10);
      for (;;) {
        try {
          yield* alarm;
          return sim.now;
        } catch {
          yield 1;
        }
      }
    }
    const process = sim.process(sleeper());
    for (const time of [2, 5, 8]) sim.schedule(time, () => process.interrupt());
    expect(sim.run(process)).toBe(10);
  });

  test("it may catch the alarm after it rang", () => {
    const sim = new Simulation();
    function* sleeper(): ProcessGenerator<number> {
      const alarm = sim.timeout(10);
      try {
        yield* alarm;
      } catch {
        yield 20;
        yield* alarm; // rang at 10: no wait
      }
      return sim.now;
    }
    const process = sim.process(sleeper());
    sim.schedule(5, () => process.interrupt());
    expect(sim.run(process)).toBe(25);
  });

  test("before the process has begun: at its first wait", () => {
    const sim = new Simulation();
    const process = sim.process(waiting(sim, () => 10) as ProcessGenerator<string>);
    process.interrupt("early");
    expect(sim.run(process)).toBe("early@0");
  });

  test("twice at once: thrown twice, in order", () => {
    const sim = new Simulation();
    const causes: unknown[] = [];
    function* stubborn(): ProcessGenerator {
      for (;;) {
        try {
          yield 10;
          return;
        } catch (error) {
          causes.push((error as Interrupt).cause, sim.now);
        }
      }
    }
    const process = sim.process(stubborn());
    sim.schedule(1, () => {
      process.interrupt("first");
      process.interrupt("second");
    });
    sim.run(process);
    expect(causes).toEqual(["first", 1, "second", 1]);
    expect(sim.now).toBe(11);
  });

  test("keeps its place in the order: a wait that ended earlier in the same instant has ended", () => {
    const sim = new Simulation();
    const process = sim.process(waiting(sim, () => sim.timeout(1) as never));
    sim.schedule(0, () => sim.schedule(1, () => process.isAlive && process.interrupt("late")));
    expect(sim.run(process)).toBe("waited until 1");
    sim.run();
  });

  test("a process that has ended cannot be interrupted; one that ends first is left alone", () => {
    const sim = new Simulation();
    const event = sim.event();
    const process = sim.process(waiting(sim, () => event) as ProcessGenerator<string>);
    sim.schedule(1, () => {
      event.succeed();
      process.interrupt("too late");
    });
    sim.run();
    expect(process.value).toBe("waited until 1");
    expect(() => process.interrupt()).toThrow("interrupt: the process has already ended");
  });

  test("one that is not caught fails the process", () => {
    const sim = new Simulation();
    function* sleeper(): ProcessGenerator {
      yield 10;
    }
    const process = sim.process(sleeper());
    sim.schedule(1, () => process.interrupt());
    expect(() => sim.run()).toThrow(Interrupt);
    expect(process.error).toBeInstanceOf(Interrupt);
  });
});

describe("allOf", () => {
  test("happens with the last, and brings the values in the given order, with their types", () => {
    const sim = new Simulation();
    const all = sim.allOf([sim.timeout(3, "late"), sim.timeout(1, 1), sim.timeout(2)]);
    const value = sim.run(all);
    expectTypeOf(value[0]).toEqualTypeOf<string>();
    expectTypeOf(value[1]).toEqualTypeOf<number>();
    expect(value).toEqual(["late", 1, undefined]);
    expect(sim.now).toBe(3);
  });

  test("of none happens at once; an event may be named twice or have happened", () => {
    const sim = new Simulation();
    expect(sim.run(sim.allOf([]))).toEqual([]);
    const early = sim.timeout(1, "x");
    sim.run(2);
    const late = sim.timeout(1, "y");
    expect(sim.run(sim.allOf([late, early, late]))).toEqual(["y", "x", "y"]);
    expect(sim.now).toBe(3);
    expect(sim.run(sim.allOf([early, early]))).toEqual(["x", "x"]);
  });

  test("fails with the first failure, and lets go of the others", () => {
    const sim = new Simulation();
    const [a, b, c] = [sim.event(), sim.event(), sim.event()];
    function* waiter(): ProcessGenerator<string> {
      try {
        yield* sim.allOf([a, b, c]);
      } catch (error) {
        return `${(error as Error).message}@${sim.now}`;
      }
      return "";
    }
    const process = sim.process(waiter());
    sim.schedule(1, () => a.succeed());
    sim.schedule(2, () => b.fail(new Error("b")));
    sim.schedule(3, () => c.fail(new Error("c")));
    expect(() => sim.run()).toThrow("c"); // nobody waits for c any more
    expect(process.value).toBe("b@2");
  });

  test("that failed before it was made fails at once", () => {
    const sim = new Simulation();
    const event = sim.event();
    event.fail(new Error("early"));
    expect(() => sim.run()).toThrow("early");
    expect(() => sim.run(sim.allOf([sim.timeout(1), event]))).toThrow("early");
    expect(() => sim.run(sim.anyOf([event, sim.timeout(1)]))).toThrow("early");
    expect(sim.now).toBe(0);
  });
});

describe("anyOf", () => {
  test("happens with the first and brings it; ties go to the one scheduled first", () => {
    const sim = new Simulation();
    const [slow, quick, tied] = [sim.timeout(3, "a"), sim.timeout(1, "b"), sim.timeout(1, "c")];
    const winner = sim.run(sim.anyOf([tied, slow, quick]));
    expect(winner).toBe(quick);
    expect(winner.value).toBe("b");
    expect(sim.now).toBe(1);
    expect([slow.waiting, tied.waiting]).toEqual([0, 0]);
  });

  test("of none is refused", () => {
    expect(() => new Simulation().anyOf([])).toThrow(
      new RangeError("anyOf: needs at least one event; none of none can ever happen"),
    );
  });

  test("of one that has happened is over at once", () => {
    const sim = new Simulation();
    const early = sim.timeout(1);
    sim.run(2);
    const late = sim.timeout(1);
    expect(sim.run(sim.anyOf([late, early]))).toBe(early);
    expect(sim.now).toBe(2);
    expect(late.waiting).toBe(0);
  });

  test("fails when the first to happen fails; a later failure is nobody's", () => {
    const sim = new Simulation();
    const [a, b] = [sim.event(), sim.event()];
    const any = sim.anyOf([a, b]);
    sim.schedule(1, () => a.fail(new Error("a")));
    sim.schedule(2, () => b.fail(new Error("b")));
    expect(() => sim.run(any)).toThrow("a");
    expect(() => sim.run()).toThrow("b");
  });

  test("a deadline can be kept over many waits", () => {
    const sim = new Simulation();
    const store = new Store<number>(sim);
    for (const time of [1, 2, 4, 7]) sim.schedule(time, () => store.put(time));
    function* receiver(): ProcessGenerator<number[]> {
      const received: number[] = [];
      const deadline = sim.timeout(5);
      for (;;) {
        const get = store.get();
        const first = yield* sim.anyOf([get, deadline]);
        if (first === deadline) return received;
        received.push(get.value);
      }
    }
    expect(sim.run(sim.process(receiver()))).toEqual([1, 2, 4]);
    sim.run();
    expect(store.size).toBe(1); // the last item waits in the store: no dead get took it
  });

  test("100,000 lost branches leave nothing behind", () => {
    const sim = new Simulation();
    const stop = sim.event();
    const store = new Store<number>(sim);
    function* loop(): ProcessGenerator {
      for (let i = 0; i < 100_000; i++) yield sim.anyOf([sim.timeout(1), stop, store.get()]);
    }
    sim.run(sim.process(loop()));
    expect(stop.waiting).toBe(0);
    expect(store.waitingGets).toBe(0);
  });

  test("conditions nest, and may share events", () => {
    const sim = new Simulation();
    const [a, b, c] = [sim.timeout(1, "a"), sim.timeout(2, "b"), sim.timeout(3, "c")];
    const both = sim.allOf([a, b]);
    expect(sim.run(sim.anyOf([c, both, sim.anyOf([c])]))).toBe(both);
    expect(both.value).toEqual(["a", "b"]);
    expect(sim.now).toBe(2);
    expect(c.waiting).toBe(0);
  });
});
