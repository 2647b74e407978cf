import fc from "fast-check";
import { expect, test } from "vitest";
import { EventQueue } from "../../src/kernel/event-queue.js";

const popAll = <T>(queue: EventQueue<T>) => {
  const items: T[] = [];
  while (queue.size > 0) items.push(queue.pop());
  return items;
};

test("items leave as a stable sort by time would order them", () => {
  // Few distinct times, so that ties are the rule; up to 400 items, so that the queue grows.
  const times = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 400 });
  fc.assert(
    fc.property(times, (list) => {
      const queue = new EventQueue<{ time: number; order: number }>();
      const items = list.map((time, order) => ({ time, order }));
      for (const item of items) queue.push(item.time, item);
      expect(popAll(queue)).toEqual(items.toSorted((a, b) => a.time - b.time));
    }),
    { seed: 1, numRuns: 200 },
  );
});

test("pushes, pops and removals in any order agree with a sorted list", () => {
  interface Item {
    time: number;
    order: number;
    slot: number;
  }
  const step = fc.record({
    what: fc.constantFrom("push", "push", "push", "pop", "remove"),
    time: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1000 })),
    which: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 600 }), (steps) => {
      const queue = new EventQueue<Item>();
      const list: Item[] = []; // kept in the order in which they must leave
      steps.forEach(({ what, time, which }, order) => {
        if (what === "push") {
          const item = { time, order, slot: 0 };
          item.slot = queue.push(time, item);
          const later = list.findIndex((other) => other.time > time);
          list.splice(later < 0 ? list.length : later, 0, item);
        } else if (list.length > 0 && what === "pop") {
          expect(queue.nextTime).toBe(list[0]!.time);
          expect(queue.pop()).toBe(list.shift());
        } else if (list.length > 0) {
          const [item] = list.splice(which % list.length, 1);
          expect(queue.remove(item!.slot)).toBe(item);
        }
        expect(queue.size).toBe(list.length);
      });
      expect(popAll(queue)).toEqual(list);
    }),
    { seed: 2, numRuns: 200 },
  );
});

test("what remains after many removals leaves in order", () => {
  // Distinct times in a large heap: the entry that fills a gap may have to go up or down.
  const items = fc.array(fc.tuple(fc.integer({ min: 0, max: 1e6 }), fc.boolean()), {
    minLength: 100,
    maxLength: 300,
  });
  fc.assert(
    fc.property(items, (list) => {
      const queue = new EventQueue<number>();
      const slots = list.map(([time]) => queue.push(time, time));
      list.forEach(([time, removed], i) => {
        if (removed) expect(queue.remove(slots[i]!)).toBe(time);
      });
      const left = list.filter(([, removed]) => !removed).map(([time]) => time);
      expect(popAll(queue)).toEqual(left.sort((a, b) => a - b));
    }),
    { seed: 3, numRuns: 200 },
  );
});

test("100,000 equal times leave in order", () => {
  const queue = new EventQueue<number>();
  for (let i = 0; i < 100_000; i++) queue.push(1.5, i);
  expect(popAll(queue).every((item, i) => item === i)).toBe(true);
});

test("nextTime is Infinity when nothing is left", () => {
  const queue = new EventQueue<string>();
  expect(queue.nextTime).toBe(Infinity);
  queue.push(3, "a");
  expect(queue.nextTime).toBe(3);
  queue.pop();
  expect(queue.nextTime).toBe(Infinity);
});
