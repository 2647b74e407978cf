/** Ctrl-C: the first asks the run to stop after the inference in progress, the second ends the process. */

export class Interrupted extends Error {}

export interface InterruptWatch {
  /** Throws Interrupted once Ctrl-C (or SIGTERM) has come. */
  readonly check: () => void;
  readonly stop: () => void;
}

export function watchInterrupt(onFirst: () => void): InterruptWatch {
  let interrupted = false;
  const handle = () => {
    if (interrupted) process.exit(130);
    interrupted = true;
    onFirst();
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return {
    check: () => {
      if (interrupted) throw new Interrupted("interrupted");
    },
    stop: () => {
      process.off("SIGINT", handle);
      process.off("SIGTERM", handle);
    },
  };
}
