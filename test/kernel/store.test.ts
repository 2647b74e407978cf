import { describe, expect, test } from "vitest";
import { Interrupt, type ProcessGenerator, Simulation, Store } from "../../src/kernel/index.js";

function setUp(capacity?: number) {
  const sim = new Simulation();
  const store = new Store<string>(sim, capacity);
  const log: string[] = [];
  function* getter(name: string): ProcessGenerator {
    const item = yield* store.get();
    log.push(`${name} got ${item}@${sim.now}`);
  }
  return { sim, store, log, getter };
}

test("items leave in the order they came, to those who asked first", () => {
  const { sim, store, log, getter } = setUp();
  for (const name of ["p", "q", "r"]) sim.process(getter(name));
  sim.schedule(1, () => store.put("a"));
  sim.schedule(2, () => {
    store.put("b");
    store.put("c");
    store.put("d");
  });
  sim.run();
  expect(log).toEqual(["p got a@1", "q got b@2", "r got c@2"]);
  expect(store.size).toBe(1);
});

test("a bounded store makes puts wait for room, in order, and never holds more", () => {
  const { sim, store, log } = setUp(2);
  function* producer(): ProcessGenerator {
    for (const item of ["a", "b", "c", "d", "e"]) {
      yield* store.put(item);
      log.push(`put ${item}@${sim.now}`);
      expect(store.size).toBeLessThanOrEqual(2);
    }
  }
  function* consumer(): ProcessGenerator {
    for (;;) {
      yield 10;
      log.push(`got ${yield* store.get()}@${sim.now}`);
    }
  }
  sim.process(producer());
  sim.process(consumer());
  sim.run(35);
  expect(log).toEqual([
    "put a@0",
    "put b@0",
    "got a@10",
    "put c@10",
    "got b@20",
    "put d@20",
    "got c@30",
    "put e@30",
  ]);
});

test("puts of several processes are served first come, first served", () => {
  const { sim, store, log } = setUp(1);
  function* putter(name: string): ProcessGenerator {
    yield* store.put(name);
    log.push(name);
  }
  for (const name of ["a", "b", "c", "d"]) sim.process(putter(name));
  for (const time of [1, 2, 3]) sim.schedule(time, () => store.get());
  sim.run();
  expect(log).toEqual(["a", "b", "c", "d"]);
});

test("thousands of waiting gets, most of which give up, leave the order intact", () => {
  const sim = new Simulation();
  const store = new Store<number>(sim);
  const got: number[] = [];
  function* getter(i: number): ProcessGenerator {
    const get = store.get();
    const first = yield* sim.anyOf([get, sim.timeout(i % 7 === 0 ? 1e6 : 1)]);
    if (first === get) got.push(i, get.value);
  }
  for (let i = 0; i < 7000; i++) sim.process(getter(i));
  sim.schedule(2, () => {
    for (let item = 0; item < 1000; item++) store.put(item);
  });
  sim.run(3);
  expect(got).toEqual(Array.from({ length: 1000 }, (_, i) => [7 * i, i]).flat());
  expect([store.size, store.waitingGets]).toEqual([0, 0]);
});

describe("a wait that is given up swallows nothing", () => {
  /** Gets an item, or tells that it was interrupted. */
  function* cautious(sim: Simulation, store: Store<string>): ProcessGenerator<string> {
    try {
      return yield* store.get();
    } catch (error) {
      if (error instanceof Interrupt) return `interrupted@${sim.now}`;
      throw error;
    }
  }

  test("a get that was interrupted leaves the line", () => {
    const { sim, store, log, getter } = setUp();
    const first = sim.process(cautious(sim, store));
    sim.process(getter("second"));
    sim.schedule(1, () => first.interrupt());
    sim.schedule(2, () => store.put("a"));
    sim.run();
    expect(first.value).toBe("interrupted@1");
    expect(log).toEqual(["second got a@2"]);
  });

  test("a get that was granted and interrupted in the same instant gives the item to the next", () => {
    const { sim, store, log, getter } = setUp();
    const first = sim.process(cautious(sim, store));
    sim.process(getter("second"));
    sim.schedule(1, () => {
      first.interrupt();
      store.put("a"); // granted to the first, which will be interrupted before it is told
      store.put("b");
    });
    sim.run();
    expect(first.value).toBe("interrupted@1");
    expect(log).toEqual(["second got b@1"]);
    expect(store.size).toBe(1);
    expect(sim.run(store.get())).toBe("a");
  });

  test("an item that was given back is the oldest again", () => {
    const { sim, store } = setUp(2);
    const first = sim.process(cautious(sim, store));
    sim.schedule(1, () => {
      first.interrupt();
      for (const item of ["a", "b", "c"]) store.put(item);
    });
    sim.run();
    expect(store.size).toBe(3); // one more than its capacity, as the class says
    const rest = sim.run(sim.allOf([store.get(), store.get(), store.get()]));
    expect(rest).toEqual(["a", "b", "c"]);
  });

  test("anyOf of two stores that both hold an item takes one", () => {
    const sim = new Simulation();
    const left = new Store<string>(sim);
    const right = new Store<string>(sim);
    left.put("l");
    right.put("r");
    function* receiver(): ProcessGenerator<string> {
      const first = yield* sim.anyOf([left.get(), right.get()]);
      return first.value;
    }
    expect(sim.run(sim.process(receiver()))).toBe("l");
    sim.run();
    expect([left.size, right.size]).toEqual([0, 1]);
  });

  test("allOf that is interrupted gives back the items it has, in their order", () => {
    const { sim, store } = setUp();
    function* collector(): ProcessGenerator<string> {
      try {
        return (yield* sim.allOf([store.get(), store.get(), store.get()])).join();
      } catch {
        return "interrupted";
      }
    }
    const process = sim.process(collector());
    sim.schedule(1, () => {
      store.put("a");
      store.put("b");
    });
    sim.schedule(2, () => process.interrupt());
    sim.run();
    expect(process.value).toBe("interrupted");
    expect([store.size, store.waitingGets]).toEqual([2, 0]);
    expect(sim.run(sim.allOf([store.get(), store.get()]))).toEqual(["a", "b"]);
  });

  test("two items that go back at once keep their order", () => {
    const { sim, store } = setUp();
    store.put("a");
    store.put("b");
    function* collector(): ProcessGenerator {
      yield* sim.anyOf([sim.allOf([store.get(), store.get(), sim.event()]), sim.timeout(1)]);
    }
    sim.run(sim.process(collector()));
    expect(sim.run(sim.allOf([store.get(), store.get()]))).toEqual(["a", "b"]);
  });

  test("allOf that loses in anyOf gives back too; one that wins keeps", () => {
    const { sim, store } = setUp();
    store.put("a");
    function* pairs(patience: number): ProcessGenerator<string> {
      const both = sim.allOf([store.get(), store.get()]);
      const first = yield* sim.anyOf([both, sim.timeout(patience)]);
      return first === both ? both.value.join() : "gave up";
    }
    expect(sim.run(sim.process(pairs(1)))).toBe("gave up");
    expect(store.size).toBe(1);
    sim.schedule(0.5, () => store.put("b"));
    expect(sim.run(sim.process(pairs(1)))).toBe("a,b");
    sim.run();
    expect(store.size).toBe(0);
  });

  test("a get shared by two conditions stays with the one that won", () => {
    const { sim, store } = setUp();
    const get = store.get();
    function* receiver(): ProcessGenerator<string> {
      yield* sim.anyOf([get, sim.anyOf([get, sim.timeout(9)])]);
      return get.value;
    }
    const process = sim.process(receiver());
    sim.schedule(1, () => store.put("a"));
    sim.run();
    expect(process.value).toBe("a");
    expect(store.size).toBe(0);
  });

  test.each([0, 1])("a get received %d s after it was granted stays received", (delay) => {
    const { sim, store } = setUp();
    store.put("a");
    function* receiver(): ProcessGenerator<string> {
      const get = store.get();
      if (delay > 0) yield delay;
      const item = yield* get;
      yield* sim.anyOf([sim.allOf([get, sim.event()]), sim.timeout(1)]); // given up
      return item;
    }
    expect(sim.run(sim.process(receiver()))).toBe("a");
    expect(store.size).toBe(0);
  });

  test("waiting again for a get that was given up asks again, at the end of the line", () => {
    const { sim, store, log, getter } = setUp();
    function* patient(): ProcessGenerator<string> {
      const get = store.get();
      yield* sim.anyOf([get, sim.timeout(1)]);
      expect(get.triggered).toBe(false);
      yield 1;
      return yield* get;
    }
    const process = sim.process(patient());
    sim.schedule(1.5, () => sim.process(getter("other")));
    sim.schedule(3, () => store.put("a"));
    sim.schedule(4, () => store.put("b"));
    expect(sim.run(process)).toBe("b");
    expect(log).toEqual(["other got a@3"]);
  });

  test("a put that was given up leaves the line; one that was accepted stays in", () => {
    const { sim, store } = setUp(1);
    function* impatient(item: string): ProcessGenerator {
      yield* sim.anyOf([store.put(item), sim.timeout(1)]);
    }
    for (const item of ["a", "b", "c"]) sim.process(impatient(item));
    sim.run();
    expect([store.size, store.waitingPuts]).toEqual([1, 0]);
    expect(sim.run(store.get())).toBe("a");
    expect(store.size).toBe(0);
  });
});

test.each([0, -1, 1.5, Number.NaN])("a capacity of %d is refused", (capacity) => {
  expect(() => new Store(new Simulation(), capacity)).toThrow(
    `Store: capacity must be an integer >= 1 or Infinity, got ${capacity}`,
  );
});
