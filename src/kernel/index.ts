/** The discrete-event kernel and the named random streams. It knows nothing about radio. */
export { type EventValue, ManualEvent, SimEvent, Timeout } from "./events.js";
export { Interrupt, Process, type ProcessGenerator } from "./process.js";
export { RandomSource, RandomStream } from "./random.js";
export { Request, Resource } from "./resource.js";
export { Simulation } from "./simulation.js";
export { Store, StoreGet, StorePut } from "./store.js";
