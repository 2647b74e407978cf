/** Ctrl-C: the first asks the run to stop after the inference in progress, the second ends the process. */

export class Interrupted extends Error {}

export interface InterruptWatch {
  /** Aborted with Interrupted once Ctrl-C (or SIGTERM) has come. */
  readonly signal: AbortSignal;
  readonly stop: () => void;
}

export function watchInterrupt(onFirst: () => void): InterruptWatch {
  const controller = new AbortController();
  const handle = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      stop();
      // By the signal itself: an orderly exit would end worker threads in the midst of native code.
      process.kill(process.pid, name);
    } else {
      onFirst();
      controller.abort(new Interrupted("interrupted"));
    }
  };
  const stop = () => {
    process.off("SIGINT", handle);
    process.off("SIGTERM", handle);
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return { signal: controller.signal, stop };
}
