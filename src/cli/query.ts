import type { DuckDBResultReader, DuckDBValueConverter, Json } from "@duckdb/node-api";
import { InputError } from "../errors.js";
import { csvLine } from "../report/csv.js";
import { jsonRecords } from "../report/json-records.js";
import { fitted } from "../report/table.js";
import { damaged, openStore, type RunStore, tablesOf } from "../study/store.js";

export const queryFormats = ["table", "csv", "json"] as const;

export interface QueryArguments {
  readonly run: string;
  readonly sql: string;
  readonly format: (typeof queryFormats)[number];
}

/** `weightlink query`: SQL on a run's store, which it cannot change. */
export async function query({ run, sql, format }: QueryArguments): Promise<void> {
  const store = await openStore(run);
  try {
    const result = await answer(store, sql);
    if (result.columnCount === 0) throw new InputError(`the query is empty: "${sql}"`);
    process.stdout.write(await textOf(result, format));
  } finally {
    store.close();
  }
}

/** Of several statements the last one's result. */
async function answer(store: RunStore, sql: string): Promise<DuckDBResultReader> {
  const { connection } = store;
  // The store is open for reading; this keeps COPY … TO and EXPORT from writing anywhere else.
  await connection.run("SET enable_external_access = false");
  try {
    const statements = await connection.extractStatements(sql);
    let last: DuckDBResultReader | undefined;
    for (let i = 0; i < statements.count; i++) {
      last = await (await statements.prepare(i)).runAndReadAll();
    }
    if (last === undefined) throw new Error("the query is empty");
    return last;
  } catch (error) {
    const message = (error as Error).message
      .replace(/^Failed to extract statements: /, "")
      // What DuckDB says of a text without any statement, such as a comment alone.
      .replace(/^Error in native callback$/, "the query is empty");
    if (/^(IO|INTERNAL|FATAL|Serialization) Error/i.test(message)) {
      throw damaged(store.path, message);
    }
    throw new InputError(
      sentenceOf(message) +
        (message.startsWith("Permission Error")
          ? "; a query reads the store and nothing else: weightlink export writes files"
          : dottedNamesHint(store, sql)),
    );
  }
}

/** DuckDB's own words without the excerpt of the query: the error, and the names that come near. */
function sentenceOf(message: string): string {
  const [words] = message.split(/\n+LINE \d+:/);
  return words.replace(/!?\s*\n\s*/g, "; ").trim();
}

/** Without double quotes SQL takes `channel.wnrDb` for a column of a table `channel`. */
function dottedNamesHint({ header }: RunStore, sql: string): string {
  const name = Object.keys(tablesOf(header).trials).find(
    (column) => column.includes(".") && sql.includes(column) && !sql.includes(`"${column}"`),
  );
  return name === undefined
    ? ""
    : `; a column with a dot in its name needs double quotes, "${name}" (and the query single ones in a shell)`;
}

const numericType = /^(\w*INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))$/;

async function textOf(result: DuckDBResultReader, format: QueryArguments["format"]) {
  const plainValue = await plainValues();
  if (format === "json") {
    return jsonRecords(result.convertRowObjects(plainValue));
  }
  const rows = result.convertRows(plainValue);
  if (format === "csv") {
    const cells = (row: readonly Json[]) =>
      csvLine(row.map((value) => (value === null ? undefined : cellText(value))));
    return csvLine(result.columnNames()) + rows.map(cells).join("");
  }
  const inOneLine = (text: string) => text.replaceAll("\n", "\\n");
  const values = result.columnNames().map((name, i) => ({
    title: inOneLine(name),
    isText: !numericType.test(String(result.columnType(i))),
    // One line per row, whatever a text holds.
    cell: (row: readonly Json[]) => inOneLine(cellText(row[i])),
  }));
  const lines = fitted({ rows, keys: [], values, group: (row) => row }, Number.POSITIVE_INFINITY);
  return `${lines.join("\n")}\n`;
}

function cellText(value: Json): string {
  if (value === null) return "NULL";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * DuckDB's values as JSON has them. Integers and decimals become numbers where a double holds them;
 * Infinity, dates, times and intervals become text.
 */
async function plainValues(): Promise<DuckDBValueConverter<Json>> {
  const { DuckDBDecimalValue, DuckDBIntervalValue, JsonDuckDBValueConverter } = await import(
    "@duckdb/node-api"
  );
  return (value, type, converter) => {
    if (typeof value === "bigint") {
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    }
    if (value instanceof DuckDBDecimalValue) return value.toDouble();
    if (value instanceof DuckDBIntervalValue) return String(value);
    return JsonDuckDBValueConverter(value, type, converter);
  };
}
