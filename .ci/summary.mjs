// Prints the closing line from the report that Vitest left; checks that failed count as one failure.
import { readFileSync } from "node:fs";

const status = Number(process.argv[2]);
let report = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
try {
  report = JSON.parse(readFileSync("node_modules/.cache/vitest-report.json", "utf8"));
} catch {
  console.log("the tests left no report");
}
const { numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped } = report;
const failures = status !== 0 && failed === 0 ? 1 : failed;
console.log(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
