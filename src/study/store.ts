/**
 * The store of a run: one DuckDB file in its folder, to which every trial goes in one transaction as soon as
 * it is finished. Whatever kills the process, a trial is in it whole or not at all.
 *
 * Tables and columns are described in docs/results.md. DuckDB locks the file while a run writes to it, and
 * the system takes the lock back when the process ends, however it ends.
 */
import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection, DuckDBInstance, DuckDBType, DuckDBValue } from "@duckdb/node-api";
import { InputError } from "../errors.js";
import type {
  ParameterValue,
  RunEvent,
  RunHeader,
  SearchRecord,
  Session,
  TensorSummary,
  Timeline,
  TransmissionFacts,
  TrialResult,
} from "./results.js";
import type { Accuracies } from "./schedule.js";
import { summarizeTensors } from "./summarize.js";
import type { Job, TrialOutcome } from "./trial.js";

/** Grows when tables change, so that neither program misreads the other's. */
const storeVersion = 2;

export const storePath = (folder: string) => join(folder, "results.duckdb");
/** The store of a run that is about to begin. */
const unbornPath = (folder: string) => join(folder, "results.duckdb.new");

/** All that a store holds. */
export interface StoredRun {
  readonly header: RunHeader;
  readonly sessions: readonly Session[];
  /** Working time over all sessions; of one that was killed, up to its last trial [s]. */
  readonly elapsedS: number;
  readonly events: readonly RunEvent[];
  /** By point, trial and the order of the receivers. */
  readonly trials: readonly TrialResult[];
  /** Finished trials, those without any result included. */
  readonly finished: readonly Job[];
  readonly tensors: readonly TensorSummary[];
  readonly timelines: readonly Timeline[];
}

type Row = Record<string, unknown>;

const rowsAtOnce = 200;

export class RunStore {
  /** Writes go one after another: a connection holds one transaction at a time. */
  #last: Promise<unknown> = Promise.resolve();
  #header: RunHeader;
  #session = 0;
  /** Of every table; no update of the header changes them. */
  #layouts: ReadonlyMap<string, TableLayout> | undefined;

  private constructor(
    readonly path: string,
    readonly instance: DuckDBInstance,
    readonly connection: DuckDBConnection,
    header: RunHeader,
  ) {
    this.#header = header;
  }

  get header(): RunHeader {
    return this.#header;
  }

  /**
   * Makes the store of a new run, under another name until it is whole. Throws where the folder cannot be
   * written.
   */
  static async create(folder: string, header: RunHeader): Promise<RunStore> {
    const path = storePath(folder);
    const unborn = unbornPath(folder);
    for (const file of [unborn, `${unborn}.wal`]) rmSync(file, { force: true });
    const { instance, connection } = await connect(unborn, false);
    const store = new RunStore(unborn, instance, connection, header);
    try {
      await store.#transaction(() => store.#createTables());
      await connection.run("CHECKPOINT");
    } finally {
      store.close();
    }
    renameSync(unborn, path);
    return (await RunStore.open(folder, { readOnly: false }))!;
  }

  async #createTables(): Promise<void> {
    for (const [table, columns] of Object.entries(tablesOf(this.#header))) {
      const list = Object.entries(columns).map(([name, type]) => `${identifier(name)} ${type}`);
      const key = primaryKeys[table];
      if (key !== undefined) list.push(`PRIMARY KEY (${key})`);
      await this.connection.run(`CREATE TABLE ${table} (${list.join(", ")})`);
    }
    await this.#insert("run", {
      storeVersion,
      weightlink: this.#header.weightlink,
      header: JSON.stringify(this.#header),
    });
  }

  /**
   * Opens the store in a folder; undefined where there is none. Throws InputError where another process
   * writes to it, where it is newer than this program, and where it is damaged.
   */
  static async open(
    folder: string,
    { readOnly }: { readOnly: boolean },
  ): Promise<RunStore | undefined> {
    const path = storePath(folder);
    if (!existsSync(path)) return undefined;
    const { instance, connection } = await connect(path, readOnly, folder);
    try {
      const tables = await rowsOf(connection, "SELECT table_name FROM duckdb_tables()");
      const [run] = tables.some((t) => t.table_name === "run")
        ? await rowsOf(connection, "FROM run")
        : [];
      if (run === undefined) {
        throw new InputError(`${path}: is a DuckDB file and not the store of a run`);
      }
      const version = Number(run.storeVersion);
      if (version !== storeVersion) {
        const advice = version > storeVersion ? "update weightlink" : "read it with that version";
        throw new InputError(
          `${path}: was written by weightlink ${run.weightlink} with store version ${version}; this program reads version ${storeVersion}: ${advice}`,
        );
      }
      return new RunStore(path, instance, connection, JSON.parse(String(run.header)));
    } catch (error) {
      connection.closeSync();
      instance.closeSync();
      throw asInputError(error, path, folder);
    }
  }

  /** Replaces what does not touch the trials: title, command, analysis. */
  async updateHeader(header: RunHeader): Promise<void> {
    this.#header = header;
    await this.#transaction(async () => {
      await this.connection.run("UPDATE run SET header = ?", [JSON.stringify(header)]);
    });
  }

  /** Stores one finished trial, whole. */
  async record(outcome: TrialOutcome): Promise<void> {
    const { point, trial, sent, results, tensors, timeline, elapsedS } = outcome;
    await this.#transaction(async () => {
      await this.#insert("transmissions", {
        point,
        trial,
        ...sent,
        elapsedS,
        session: this.#session,
        finishedAt: new Date().toISOString(),
      });
      await this.#insert("trials", ...results.map(trialRow));
      await this.#insert("tensors", ...tensors.map((facts) => ({ point, trial, ...facts })));
      const packets = timeline?.packets ?? [];
      await this.#insert(
        "packets",
        ...packets.map((facts, packet) => ({ point, trial, packet, ...facts })),
      );
      for (const text of outcome.notes) await this.#insertNote(text);
    });
  }

  async addEvent(event: RunEvent): Promise<void> {
    await this.#transaction(() => this.#insert("events", { ...event }));
  }

  /** A process begins to work on the run. */
  async startSession(session: Session): Promise<void> {
    await this.#transaction(async () => {
      const [row] = await rowsOf(this.connection, "SELECT count(*) AS sessions FROM sessions");
      this.#session = Number(row.sessions);
      const { versions, git, endedAt = null, ...facts } = session;
      await this.#insert("sessions", {
        session: this.#session,
        ...facts,
        endedAt,
        gitCommit: git?.commit ?? null,
        gitDirty: git?.dirty ?? null,
        versions: JSON.stringify(versions),
      });
    });
  }

  async endSession(endedAt: Date): Promise<void> {
    await this.#transaction(async () => {
      await this.connection.run("UPDATE sessions SET endedAt = ? WHERE session = ?", [
        endedAt.toISOString(),
        this.#session,
      ]);
    });
  }

  async read(): Promise<StoredRun> {
    await this.#last;
    try {
      return await readTables(this.connection, this.#header);
    } catch (error) {
      throw asInputError(error, this.path, this.path);
    }
  }

  close(): void {
    this.connection.closeSync();
    this.instance.closeSync();
  }

  async #insertNote(text: string): Promise<void> {
    const sql =
      "INSERT INTO events SELECT ?, 'note', ? WHERE NOT EXISTS (FROM events WHERE kind = 'note' AND text = ?)";
    await this.connection.run(sql, [new Date().toISOString(), text, text]);
  }

  /** Many rows a statement: planning one costs more than inserting a row. */
  async #insert(table: string, ...rows: Record<string, DuckDBValue | undefined>[]): Promise<void> {
    this.#layouts ??= await layoutsOf(this.#header);
    const { columns, types } = this.#layouts.get(table)!;
    const marks = `(${columns.map(() => "?").join(", ")})`;
    for (let first = 0; first < rows.length; first += rowsAtOnce) {
      const part = rows.slice(first, first + rowsAtOnce);
      await this.connection.run(
        `INSERT INTO ${table} VALUES ${part.map(() => marks).join(", ")}`,
        part.flatMap((row) => columns.map((column) => row[column] ?? null)),
        part.flatMap(() => types),
      );
    }
  }

  /** Runs `work` after all earlier ones, and leaves nothing of it where it fails. */
  async #transaction(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(async () => {
      await this.connection.run("BEGIN");
      try {
        await work();
        await this.connection.run("COMMIT");
      } catch (error) {
        // After a failed commit, as on a full disk, there is nothing left to roll back.
        await this.connection.run("ROLLBACK").catch(() => {});
        throw error;
      }
    });
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** Finished trials with what the stopping rule looks at. */
export function jobsOf(
  finished: readonly Job[],
  trials: readonly TrialResult[],
): [Job, Accuracies][] {
  const accuracies = new Map<string, Map<string, number>>();
  const keyOf = ({ point, trial }: Job) => `${point} ${trial}`;
  for (const job of finished) accuracies.set(keyOf(job), new Map());
  for (const result of trials) {
    accuracies.get(keyOf(result))?.set(result.estimator, result.accuracy);
  }
  return finished.map((job) => [job, accuracies.get(keyOf(job))!]);
}

/** Throws InputError where the folder holds no run. The store is closed again. */
export async function readStore(folder: string): Promise<StoredRun> {
  const store = await openStore(folder);
  try {
    return await store.read();
  } finally {
    store.close();
  }
}

/** Opens a finished or interrupted run for reading. Throws InputError where the folder holds none. */
export async function openStore(folder: string): Promise<RunStore> {
  if (!existsSync(folder)) throw new InputError(`${folder}: there is no such folder`);
  if (!statSync(folder).isDirectory())
    throw new InputError(`${folder}: is a file, not a run folder`);
  const store = await RunStore.open(folder, { readOnly: true });
  if (store === undefined) {
    refuseFederatedRun(folder);
    throw new InputError(`${folder}: holds no run (no trials in ${storePath(folder)})`);
  }
  return store;
}

/** Throws InputError where the folder holds a federated run, which has neither store nor journal. */
export function refuseFederatedRun(folder: string): void {
  if (!existsSync(join(folder, "courses"))) return;
  throw new InputError(
    `${folder}: holds a federated run, which this command does not read; its numbers are in results.json and rounds.csv`,
  );
}

async function connect(path: string, readOnly: boolean, folder = path) {
  // Loaded when needed: a large native library.
  const { DuckDBInstance } = await import("@duckdb/node-api");
  try {
    const instance = await DuckDBInstance.create(path, {
      access_mode: readOnly ? "READ_ONLY" : "READ_WRITE",
      // The cores belong to the study.
      threads: "1",
    });
    return { instance, connection: await instance.connect() };
  } catch (error) {
    throw asInputError(error, path, folder);
  }
}

function asInputError(error: unknown, path: string, folder: string): Error {
  if (error instanceof InputError) return error;
  const { message } = error as Error;
  const holder = /Conflicting lock is held in (.*?)\(PID (\d+)\)/.exec(message);
  if (holder !== null) {
    return new InputError(
      `${folder}: process ${holder[2]} is working on this run; look at it with: weightlink watch ${folder}`,
    );
  }
  return damaged(path, message);
}

/** What to say where DuckDB cannot read the file. */
export function damaged(path: string, message: string): InputError {
  return new InputError(
    `${path}: cannot be read, so it may be damaged; nothing was changed. Restore it, or run into another folder. (${message.split("\n")[0]})`,
  );
}

// ---- tables

type Columns = Readonly<Record<string, string>>;

const primaryKeys: Readonly<Record<string, string>> = {
  transmissions: "point, trial",
  trials: "point, trial, estimator",
  tensors: "point, trial, tensor",
  packets: "point, trial, packet",
  sessions: "session",
};

/** Columns of every table with their types. */
export function tablesOf(header: RunHeader): Readonly<Record<string, Columns>> {
  const facts: Record<keyof TransmissionFacts, string> = {
    snrDb: "DOUBLE",
    wnrDb: "DOUBLE",
    equivalentWnrDb: "DOUBLE",
    outageRate: "DOUBLE",
    erasureRate: "DOUBLE",
    airtimeS: "DOUBLE",
    latencyS: "DOUBLE",
    energy: "DOUBLE",
    packets: "INTEGER",
    retransmissions: "INTEGER",
    sideBits: "DOUBLE",
  };
  return {
    run: { storeVersion: "INTEGER", weightlink: "VARCHAR", header: "VARCHAR" },
    trials: {
      point: "INTEGER",
      trial: "INTEGER",
      estimator: "VARCHAR",
      ...Object.fromEntries(header.axes.map(({ path, values }) => [path, typeOf(values)])),
      ...facts,
      correct: "INTEGER",
      total: "INTEGER",
      accuracy: "DOUBLE",
      mse: "DOUBLE",
      nmse: "DOUBLE",
      ...Object.fromEntries(header.settingKeys.map((key) => [`setting.${key}`, "DOUBLE"])),
      chosenBy: "VARCHAR",
      searchMethod: "VARCHAR",
      searchImages: "INTEGER",
      searchCorrect: "INTEGER",
      searchSettings: "INTEGER",
      searchLeftOut: "INTEGER",
      searchImageInferences: "INTEGER",
    },
    tensors: {
      point: "INTEGER",
      trial: "INTEGER",
      tensor: "VARCHAR",
      weights: "INTEGER",
      equivalentWnrDb: "DOUBLE",
    },
    transmissions: {
      point: "INTEGER",
      trial: "INTEGER",
      ...facts,
      elapsedS: "DOUBLE",
      session: "INTEGER",
      finishedAt: "VARCHAR",
    },
    packets: {
      point: "INTEGER",
      trial: "INTEGER",
      packet: "INTEGER",
      sentAtS: "DOUBLE",
      arrivedAtS: "DOUBLE",
      symbols: "INTEGER",
      attempt: "INTEGER",
      erased: "DOUBLE",
      snrDb: "DOUBLE",
    },
    sessions: {
      session: "INTEGER",
      startedAt: "VARCHAR",
      endedAt: "VARCHAR",
      host: "VARCHAR",
      pid: "INTEGER",
      platform: "VARCHAR",
      cpu: "VARCHAR",
      cores: "INTEGER",
      workers: "INTEGER",
      threadsPerWorker: "INTEGER",
      gitCommit: "VARCHAR",
      gitDirty: "BOOLEAN",
      versions: "VARCHAR",
    },
    events: { happenedAt: "VARCHAR", kind: "VARCHAR", text: "VARCHAR" },
  };
}

interface TableLayout {
  readonly columns: readonly string[];
  /** Told with every value: a double without fraction would be taken for an integer, and may be too large for one. */
  readonly types: readonly DuckDBType[];
}

async function layoutsOf(header: RunHeader): Promise<Map<string, TableLayout>> {
  const { BOOLEAN, DOUBLE, INTEGER, VARCHAR } = await import("@duckdb/node-api");
  const typeNamed: Readonly<Record<string, DuckDBType>> = { BOOLEAN, DOUBLE, INTEGER, VARCHAR };
  return new Map(
    Object.entries(tablesOf(header)).map(([table, columns]) => [
      table,
      { columns: Object.keys(columns), types: Object.values(columns).map((t) => typeNamed[t]) },
    ]),
  );
}

function typeOf(values: readonly ParameterValue[]): string {
  if (values.every((v) => typeof v === "number")) return "DOUBLE";
  return values.every((v) => typeof v === "boolean") ? "BOOLEAN" : "VARCHAR";
}

/** A row of the table `trials`, by column. What does not apply is undefined. */
export function trialRow(result: TrialResult): Record<string, ParameterValue | undefined> {
  const { parameters, setting, search, ...facts } = result;
  return {
    ...facts,
    ...parameters,
    ...Object.fromEntries(Object.entries(setting).map(([k, v]) => [`setting.${k}`, v])),
    chosenBy: search?.chosenBy,
    searchMethod: search?.method,
    searchImages: search?.images,
    searchCorrect: search?.correct,
    searchSettings: search?.settings,
    searchLeftOut: search?.leftOut,
    searchImageInferences: search?.imageInferences,
  };
}

async function readTables(connection: DuckDBConnection, header: RunHeader): Promise<StoredRun> {
  const rows = (sql: string) => rowsOf(connection, sql);
  const transmissions = await rows("FROM transmissions ORDER BY point, trial");
  const sessionRows = await rows("FROM sessions ORDER BY session");
  const packets = new Map<string, Row[]>();
  for (const row of await rows("FROM packets ORDER BY point, trial, packet")) {
    const key = `${row.point} ${row.trial}`;
    if (!packets.has(key)) packets.set(key, []);
    packets.get(key)!.push(row);
  }
  const order = new Map(header.estimators.map(({ label }, i) => [label, i]));
  const trials = (await rows("FROM trials ORDER BY point, trial"))
    .map((row) => trialOf(row, header))
    .sort(
      (a, b) =>
        a.point - b.point || a.trial - b.trial || order.get(a.estimator)! - order.get(b.estimator)!,
    );
  return {
    header,
    sessions: sessionRows.map(sessionOf),
    elapsedS: sessionRows.reduce((sum, row) => {
      const ends = transmissions.filter((t) => t.session === row.session).map((t) => t.finishedAt);
      const times = [row.endedAt ?? row.startedAt, ...ends].map((t) => Date.parse(String(t)));
      return sum + (Math.max(...times) - Date.parse(String(row.startedAt))) / 1000;
    }, 0),
    events: (await rows("FROM events ORDER BY happenedAt")) as never as RunEvent[],
    trials,
    finished: transmissions.map(({ point, trial }) => ({ point, trial })) as Job[],
    tensors: summarizeTensors((await rows("FROM tensors ORDER BY point, trial")) as never),
    timelines: transmissions
      .filter(({ point, trial }) => packets.has(`${point} ${trial}`))
      .map(({ point, trial, packets: first, retransmissions }) => ({
        point,
        trial,
        packetsSent: (first as number) + (retransmissions as number),
        packets: packets
          .get(`${point} ${trial}`)!
          .map(({ point: _, trial: __, packet: ___, ...facts }) => facts),
      })) as unknown as Timeline[],
  };
}

function trialOf(row: Row, header: RunHeader): TrialResult {
  const parameters = header.resolved.points[row.point as number];
  const setting = header.settingKeys
    .map((key) => [key, row[`setting.${key}`]] as const)
    .filter(([, value]) => value !== null);
  const keys = Object.keys(tablesOf(header).trials).filter(
    (key) => !(key in parameters || key === "chosenBy" || /^(setting\.|search[A-Z])/.test(key)),
  );
  return {
    ...Object.fromEntries(keys.map((key) => [key, row[key]])),
    parameters,
    setting: Object.fromEntries(setting),
    ...(row.chosenBy !== null && {
      search: {
        chosenBy: row.chosenBy,
        method: row.searchMethod,
        images: row.searchImages,
        correct: row.searchCorrect,
        settings: row.searchSettings,
        leftOut: row.searchLeftOut,
        imageInferences: row.searchImageInferences,
      } as SearchRecord,
    }),
  } as TrialResult;
}

function sessionOf(row: Row): Session {
  const { session: _, gitCommit, gitDirty, versions, endedAt, ...facts } = row;
  return {
    ...facts,
    versions: JSON.parse(String(versions)),
    ...(endedAt !== null && { endedAt }),
    ...(gitCommit !== null && { git: { commit: gitCommit, dirty: gitDirty } }),
  } as Session;
}

async function rowsOf(connection: DuckDBConnection, sql: string): Promise<Row[]> {
  return (await connection.runAndReadAll(sql)).getRowObjectsJS() as Row[];
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
