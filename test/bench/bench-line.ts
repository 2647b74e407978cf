/** One line of the benchmark: a figure, and what it should reach where that is agreed. */
export interface BenchLine {
  name: string;
  value: number;
  unit: string;
  target?: string;
}

/** Median of `repetitions` (at least 5) values, after one that warms up and is not counted. */
export function medianOf(repetitions: number, measure: () => number): number {
  measure();
  const values = Array.from({ length: repetitions }, measure).sort((a, b) => a - b);
  const middle = Math.floor(values.length / 2);
  return values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
}

/** Prints lines under each other, for a benchmark that is run alone. */
export function printLines(lines: readonly BenchLine[]): void {
  for (const { name, value, unit, target } of lines) {
    console.log(`${name}: ${value.toPrecision(4)} ${unit}${target ? ` (target ${target})` : ""}`);
  }
}
