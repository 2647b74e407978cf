import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const program = fileURLToPath(new URL("../../src/cli/weightlink.mjs", import.meta.url));

export interface Finished {
  /** As a shell says it: 128 + 2 for a process that SIGINT has ended. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the tool as a user does. `onOutput` sees stdout so far and may send signals. */
export function weightlink(
  args: readonly string[],
  options: {
    cwd?: string;
    env?: NodeJS.ProcessEnv;
    onOutput?: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void;
  } = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      options.onOutput?.(stdout, (signal) => child.kill(signal));
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve({ code: signal === "SIGINT" ? 130 : code, stdout, stderr }),
    );
  });
}

/** Runs the tool until it tells `event` as JSON, and stops it there. `end` kills it, without a warning. */
export async function holdAt(
  event: string,
  args: readonly string[],
  cwd: string,
): Promise<{ pid: number; end(): Promise<void> }> {
  const child = spawn(process.execPath, [program, ...args, "--json"], { cwd });
  child.stderr.resume();
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  await new Promise<void>((resolve) => {
    let stdout = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      if (stdout.includes(`"event":"${event}"`)) resolve();
    });
  });
  child.kill("SIGSTOP");
  return {
    pid: child.pid!,
    end: () => {
      child.kill("SIGKILL");
      return ended;
    },
  };
}
