import { expect, test } from "vitest";
import {
  type ProcessGenerator,
  RandomSource,
  Resource,
  Simulation,
  Store,
} from "../../src/kernel/index.js";
import { assertWithin } from "../within.js";

/**
 * M/M/1: Poisson arrivals at rate λ, one server with exponential service at rate μ, ρ = λ/μ. Mean
 * wait in the queue ρ/(μ-λ) (Kleinrock, Queueing Systems I (1975), 3.2 and Little's law); the share
 * of customers who do not wait is 1-ρ, since Poisson arrivals see time averages.
 */
const lambda = 1.4; // 1/s
const mu = 2; // 1/s
const rho = lambda / mu;

/**
 * Mean and standard error by batch means: waits of neighbours are correlated, so the error comes
 * from the spread of the means of batches. A batch holds 10,000 customers; the waits' relaxation
 * takes 1/(1-√ρ)² = 37 services, so that the batches are all but independent.
 */
function batchMeans(waits: readonly number[], size = 10_000) {
  const means: number[] = [];
  for (let start = 0; start + size <= waits.length; start += size) {
    let sum = 0;
    for (let i = start; i < start + size; i++) sum += waits[i]!;
    means.push(sum / size);
  }
  const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
  const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (means.length - 1);
  return { mean, standardError: Math.sqrt(variance / means.length) };
}

function assertMM1(waits: readonly number[]): void {
  const steady = waits.slice(10_000); // the first batch began with an empty queue
  const wait = batchMeans(steady);
  assertWithin(wait.mean, rho / (mu - lambda), wait.standardError);
  const served = batchMeans(steady.map((value) => (value === 0 ? 1 : 0)));
  assertWithin(served.mean, 1 - rho, served.standardError);
  // The error must be small, or the test says nothing.
  expect(wait.standardError).toBeLessThan(0.02 * wait.mean);
}

const exponential = (name: string, rate: number) => {
  const random = new RandomSource(11).child("mm1").stream(name);
  return () => -Math.log(1 - random.uniform()) / rate;
};

test("M/M/1 with a resource as server: mean wait ρ/(μ-λ)", () => {
  const sim = new Simulation();
  const server = new Resource(sim);
  const interarrival = exponential("arrivals", lambda);
  const service = exponential("services", mu);
  const waits: number[] = [];
  function* customer(): ProcessGenerator {
    const arrival = sim.now;
    const request = server.request();
    yield* request;
    waits.push(sim.now - arrival);
    yield service();
    server.release(request);
  }
  function* source(): ProcessGenerator {
    for (;;) {
      yield interarrival();
      sim.process(customer());
    }
  }
  sim.process(source());
  while (waits.length < 510_000) sim.run(sim.now + 1000);
  assertMM1(waits);
});

test("M/M/1 with a store as queue: mean wait ρ/(μ-λ)", () => {
  const sim = new Simulation();
  const queue = new Store<number>(sim);
  const interarrival = exponential("arrivals 2", lambda);
  const service = exponential("services 2", mu);
  const waits: number[] = [];
  function* server(): ProcessGenerator {
    for (;;) {
      const arrival = yield* queue.get();
      waits.push(sim.now - arrival);
      yield* sim.timeout(service());
    }
  }
  function* source(): ProcessGenerator {
    for (;;) {
      yield* sim.timeout(interarrival());
      queue.put(sim.now);
    }
  }
  sim.process(server());
  sim.process(source());
  while (waits.length < 510_000) sim.run(sim.now + 1000);
  assertMM1(waits);
});
