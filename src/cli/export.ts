import { existsSync, realpathSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { InputError } from "../errors.js";
import { replaceFile } from "../files/replace.js";
import { resultsCsv } from "../report/csv.js";
import { jsonRecords } from "../report/json-records.js";
import { counted } from "../report/wording.js";
import { isComplete } from "../study/assemble.js";
import {
  openStore,
  type RunStore,
  type StoredRun,
  storePath,
  tablesOf,
  trialRow,
} from "../study/store.js";

export const exportFormats = ["csv", "parquet", "json"] as const;

export interface ExportArguments {
  readonly run: string;
  readonly format: (typeof exportFormats)[number];
  readonly out?: string | undefined;
  readonly force: boolean;
}

/** `weightlink export`: the table `trials` of a run, one row per trial and estimator. */
export async function exportRun({ run, format, out, force }: ExportArguments): Promise<void> {
  if (out !== undefined) checkOut(out, force, run);
  else if (format === "parquet") {
    throw new InputError("--format parquet is not text: name a file with --out");
  }
  const store = await openStore(run);
  try {
    const stored = await store.read();
    if (out === undefined) process.stdout.write(textOf(stored, format));
    else {
      await writing(out, () =>
        replaceFile(out, (temporary) =>
          format === "parquet"
            ? writeParquet(store, temporary)
            : writeFile(temporary, textOf(stored, format)),
        ),
      );
    }
    if (!isComplete(stored)) {
      process.stderr.write(
        `note: ${run} is incomplete: ${counted(stored.finished.length, "trial")} finished; what was not simulated is absent\n`,
      );
    }
  } finally {
    store.close();
  }
}

function textOf({ header, trials }: StoredRun, format: ExportArguments["format"]): string {
  if (format === "csv") return resultsCsv({ ...header, trials });
  const columns = Object.keys(tablesOf(header).trials);
  return jsonRecords(
    trials.map((trial) => {
      const row = trialRow(trial);
      return Object.fromEntries(columns.map((name) => [name, row[name]]));
    }),
  );
}

/** The header of the run goes along as JSON, in the file's metadata. */
async function writeParquet({ connection, header }: RunStore, path: string): Promise<void> {
  const labels = header.estimators.map(({ label }) => literal(label)).join(", ");
  await connection.run(
    `COPY (FROM trials ORDER BY point, trial, list_position([${labels}], estimator)) TO ${literal(path)} ` +
      `(FORMAT parquet, USE_TMP_FILE false, KV_METADATA { weightlink: ${literal(JSON.stringify(header))} })`,
  );
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Throws InputError where writing `out` would destroy something. */
function checkOut(out: string, force: boolean, run: string): void {
  const folder = dirname(out);
  if (!existsSync(folder)) throw new InputError(`--out ${out}: there is no folder ${folder}`);
  const there = statSync(out, { throwIfNoEntry: false });
  if (there === undefined) return;
  if (there.isDirectory()) throw new InputError(`--out ${out}: is a folder, not a file`);
  if (!force) throw new InputError(`--out ${out}: exists; --force replaces it`);
  const place = (path: string) => join(realpathSync(dirname(path)), basename(path));
  if (
    existsSync(run) &&
    [storePath(run), `${storePath(run)}.wal`].map(place).includes(place(out))
  ) {
    throw new InputError(`--out ${out}: is the store of the run itself`);
  }
}

async function writing(out: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new InputError(`--out ${out}: cannot be written: ${(error as Error).message}`);
  }
}
