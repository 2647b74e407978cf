/**
 * A worker thread: trains devices with its own training graph, on images and models in shared memory.
 */
import { workerData } from "piscina";
import { type CrewData, type DeviceJob, Trainers } from "./crew.js";
import type { DeviceOutcome } from "./device-trainer.js";

const { parts, stop } = workerData as CrewData;
const trainers = new Trainers(parts);

export function trainDevice(job: DeviceJob): Promise<DeviceOutcome> {
  return trainers.train(job, throwIfStopped);
}

function throwIfStopped(): void {
  if (Atomics.load(stop, 0) !== 0) throw new Error("stopped");
}
