import { expect, test } from "vitest";
import { type ProcessGenerator, Resource, Simulation } from "../../src/kernel/index.js";

function setUp(capacity?: number) {
  const sim = new Simulation();
  const radio = new Resource(sim, capacity);
  const log: string[] = [];
  function* user(name: string, holdS: number): ProcessGenerator {
    const request = radio.request();
    try {
      yield* request;
      log.push(`${name}@${sim.now}`);
      yield holdS;
    } finally {
      radio.release(request);
    }
  }
  return { sim, radio, log, user };
}

test("at most `capacity` hold a slot; the others wait in line", () => {
  const { sim, radio, log, user } = setUp(2);
  for (const name of ["a", "b", "c", "d", "e"]) {
    sim.process(user(name, 10));
    sim.schedule(0, () => expect(radio.count).toBeLessThanOrEqual(2));
  }
  sim.run(1);
  expect([radio.count, radio.waitingRequests]).toEqual([2, 3]);
  sim.run();
  expect(log).toEqual(["a@0", "b@0", "c@10", "d@10", "e@20"]);
  expect([radio.count, radio.waitingRequests]).toEqual([0, 0]);
});

test("a request that was interrupted leaves the line", () => {
  const { sim, radio, log, user } = setUp();
  sim.process(user("a", 10));
  function* guarded(): ProcessGenerator {
    try {
      yield* user("b", 10);
    } catch {
      log.push(`b interrupted@${sim.now}`);
    }
  }
  const b = sim.process(guarded());
  sim.process(user("c", 10));
  sim.schedule(5, () => b.interrupt());
  sim.run();
  expect(log).toEqual(["a@0", "b interrupted@5", "c@10"]);
  expect(radio.count).toBe(0);
});

test("a holder that is interrupted gives its slot back in finally", () => {
  const { sim, radio, log, user } = setUp();
  const a = sim.process(user("a", 10));
  sim.process(user("b", 10));
  sim.schedule(5, () => a.interrupt());
  expect(() => sim.run()).toThrow("the process was interrupted"); // a does not catch it
  sim.run();
  expect(log).toEqual(["a@0", "b@5"]);
  expect(radio.count).toBe(0);
});

test("a slot that was granted and interrupted in the same instant goes to the next", () => {
  const { sim, radio, log, user } = setUp();
  const held = radio.request();
  function* careless(): ProcessGenerator {
    try {
      yield* radio.request(); // nobody keeps the request: only the kernel can give it back
      log.push("never");
    } catch {
      log.push("interrupted");
    }
  }
  const first = sim.process(careless());
  sim.process(user("second", 1));
  sim.schedule(3, () => {
    first.interrupt();
    radio.release(held);
  });
  sim.run();
  expect(log).toEqual(["interrupted", "second@3"]);
  expect(radio.count).toBe(0);
});

test("anyOf of two free resources takes one; allOf that fails takes none", () => {
  const sim = new Simulation();
  const [left, right] = [new Resource(sim), new Resource(sim)];
  function* either(): ProcessGenerator {
    yield* sim.anyOf([left.request(), right.request()]);
  }
  sim.run(sim.process(either()));
  expect([left.count, right.count]).toEqual([1, 0]);

  const failure = sim.event();
  sim.schedule(1, () => failure.fail(new Error("off")));
  expect(() => sim.run(sim.allOf([right.request(), left.request(), failure]))).toThrow("off");
  expect([left.count, left.waitingRequests, right.count]).toEqual([1, 0, 0]);
});

test("release twice, or of what was never granted, changes nothing", () => {
  const { sim, radio } = setUp();
  const [a, b, c] = [radio.request(), radio.request(), radio.request()];
  radio.release(b);
  expect([radio.count, radio.waitingRequests]).toEqual([1, 1]);
  radio.release(a);
  radio.release(a);
  radio.release(b);
  sim.run();
  expect([radio.count, radio.waitingRequests]).toEqual([1, 0]);
  expect([a.ok, b.triggered, c.ok]).toEqual([true, false, true]);
});

test.each([0, -1, 1.5, Number.NaN, Infinity])("a capacity of %d is refused", (capacity) => {
  expect(() => new Resource(new Simulation(), capacity)).toThrow(
    `Resource: capacity must be an integer >= 1, got ${capacity}`,
  );
});
