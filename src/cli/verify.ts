import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { InputError, unknownName } from "../errors.js";
import { replaceFile } from "../files/replace.js";
import { type Check, type CheckResult, runCheck } from "../verify/check.js";
import { channelFigure } from "../verify/figure.js";
import { checkText, summaryText } from "../verify/table.js";

export interface VerifyArguments {
  /** Folder for results and figures; nothing is written where it is absent. */
  readonly out?: string | undefined;
  /** Only the checks of this channel. */
  readonly channel?: string | undefined;
  /** Prints JSON instead of tables. */
  readonly json?: boolean | undefined;
  readonly seed?: number | undefined;
  /** Those of the project where absent. */
  readonly checks?: readonly Check[] | undefined;
  /** Factor on the number of samples. */
  readonly effort?: number | undefined;
}

/** What marks `verify.json` as this command's. */
const kind = "weightlink verify";

/** `weightlink verify`: channels against theory on this machine; exit code 1 where a check fails. */
export async function verify(args: VerifyArguments): Promise<void> {
  const { out, json = false, seed = 1, effort = 1 } = args;
  const wanted = chosen(args.checks ?? (await import("../verify/checks/index.js")).checks, args);
  const channels = [...new Set(wanted.map(({ channel }) => channel))];
  if (out !== undefined) checkFolder(out, channels);

  const results: CheckResult[] = [];
  const width = process.stdout.columns ?? 100;
  for (const check of wanted) {
    const result = runCheck(check, seed, effort);
    results.push(result);
    if (!json) process.stdout.write(`${checkText(result, width)}\n`);
  }
  const failed = results.some(({ passed }) => !passed);
  const report = { kind, version: packageJson.version, seed, passed: !failed, checks: results };
  const text = `${JSON.stringify(report, null, 2)}\n`;
  process.stdout.write(json ? text : summaryText(results));
  if (out !== undefined) {
    const written = await writeAll(out, channels, results, text);
    if (!json) process.stdout.write(`${written.join("\n")}\n`);
  }
  if (failed) process.exitCode = 1;
}

function chosen(checks: readonly Check[], { channel }: VerifyArguments): readonly Check[] {
  if (channel === undefined) return checks;
  const own = checks.filter((check) => check.channel === channel);
  if (own.length > 0) return own;
  const known = new Set(checks.map((check) => check.channel));
  throw new InputError(`--channel: ${unknownName("channel", channel, known)} (with checks)`);
}

/** Files of an earlier verification may be replaced; whatever else has their names is not this command's. */
function checkFolder(out: string, channels: readonly string[]): void {
  if (existsSync(out)) {
    if (!statSync(out).isDirectory()) throw new InputError(`--out ${out}: is not a folder`);
    if (isOurs(join(out, "verify.json"))) return;
    const taken = filesOf(channels).find((name) => existsSync(join(out, name)));
    if (taken === undefined) return;
    throw new InputError(
      `${join(out, taken)}: exists, and no verify.json of this command is beside it; choose another --out`,
    );
  }
  try {
    mkdirSync(out, { recursive: true });
  } catch (error) {
    throw new InputError(`--out ${out}: cannot be made a folder: ${(error as Error).message}`);
  }
}

function isOurs(path: string): boolean {
  if (!existsSync(path) || !statSync(path).isFile()) return false;
  return readFileSync(path, "utf8").startsWith(`{\n  "kind": "${kind}"`);
}

function filesOf(channels: readonly string[]): string[] {
  return ["verify.json", ...channels.flatMap((name) => [`${name}.svg`, `${name}.png`])];
}

async function writeAll(
  out: string,
  channels: readonly string[],
  results: readonly CheckResult[],
  json: string,
): Promise<string[]> {
  const { renderPng, renderSvg } = await import("../report/render.js");
  const written: string[] = [];
  const write = async (name: string, content: string | Uint8Array) => {
    const path = join(out, name);
    try {
      await replaceFile(path, (temporary) => writeFile(temporary, content));
    } catch (error) {
      throw new InputError(`${path}: cannot be written: ${(error as Error).message}`);
    }
    written.push(path);
  };
  // First, so that a folder that was interrupted is known as this command's.
  await write("verify.json", json);
  for (const channel of channels) {
    const own = results.filter((result) => result.channel === channel);
    const svg = await renderSvg(channelFigure(channel, own));
    await write(`${channel}.svg`, svg);
    await write(`${channel}.png`, renderPng(svg));
  }
  return written;
}
