/**
 * A check of a channel: a quantity that theory gives, simulated at some settings, with the standard error of each.
 *
 * A point passes within five standard errors, which chance leaves in one of 1.7 million points. The interval that is
 * shown is the 95 % one of a normal mean, which every twentieth point of a true simulation lies outside of.
 */

/** Mean of independent values, and the standard error of that mean. */
export interface Measured {
  readonly value: number;
  readonly standardError: number;
}

export interface Check {
  readonly channel: string;
  readonly name: string;
  /** What changes from point to point, with its unit. */
  readonly x: string;
  readonly y: string;
  /** Scale of the figure's y axis; linear where absent. */
  readonly logarithmic?: boolean;
  /** Where the formula is from. */
  readonly source: string;
  readonly at: readonly number[];
  theory(at: number): number;
  /** Half of the last digit of a theory that is a printed number. */
  roundingOf?(at: number): number;
  /** True where the theory holds between the points too, and is drawn there. */
  readonly continuous?: boolean;
  /** `effort` is a factor on the number of samples; points have seeds of their own. */
  simulate(at: number, seed: string, effort: number): Measured;
}

export interface CheckedPoint {
  readonly at: number;
  readonly theory: number;
  readonly simulated: number;
  readonly standardError: number;
  readonly interval95: readonly [number, number];
  readonly passed: boolean;
}

export interface CheckResult
  extends Pick<Check, "channel" | "name" | "x" | "y" | "logarithmic" | "source"> {
  readonly points: readonly CheckedPoint[];
  readonly passed: boolean;
  /** The theory as a curve. */
  readonly curve: readonly { readonly at: number; readonly theory: number }[];
}

export const toleranceSe = 5;
const normal95 = 1.959964;
const curvePoints = 100;

export function runCheck(check: Check, seed = 1, effort = 1): CheckResult {
  const points = check.at.map((at) => {
    const theory = check.theory(at);
    const ownSeed = `${seed}: ${check.channel}, ${check.name}, ${at}`;
    const { value, standardError } = check.simulate(at, ownSeed, effort);
    return {
      at,
      theory,
      simulated: value,
      standardError,
      interval95: [value - normal95 * standardError, value + normal95 * standardError] as const,
      // Whatever is no number does not pass.
      passed:
        Math.abs(value - theory) <= toleranceSe * standardError + (check.roundingOf?.(at) ?? 0),
    };
  });
  const { channel, name, x, y, logarithmic, source } = check;
  return {
    channel,
    name,
    x,
    y,
    ...(logarithmic !== undefined && { logarithmic }),
    source,
    points,
    passed: points.every((point) => point.passed),
    curve: curveOf(check),
  };
}

function curveOf({ at, theory, continuous }: Check) {
  const first = Math.min(...at);
  const last = Math.max(...at);
  const places =
    continuous === true
      ? Array.from(
          { length: curvePoints + 1 },
          (_, i) => first + (i / curvePoints) * (last - first),
        )
      : at;
  return places.map((place) => ({ at: place, theory: theory(place) }));
}

/** Mean of independent values. */
export function meanOfIndependent(values: ArrayLike<number>): Measured {
  const n = values.length;
  let sum = 0;
  for (let k = 0; k < n; k++) sum += values[k];
  const value = sum / n;
  let squares = 0;
  for (let k = 0; k < n; k++) squares += (values[k] - value) ** 2;
  return { value, standardError: Math.sqrt(squares / (n - 1) / n) };
}

/** Standard deviation of independent values; its standard error follows from their fourth moment. */
export function deviationOfIndependent(values: ArrayLike<number>): Measured {
  const n = values.length;
  const mean = meanOfIndependent(values).value;
  let second = 0;
  let fourth = 0;
  for (let k = 0; k < n; k++) {
    const square = (values[k] - mean) ** 2;
    second += square / n;
    fourth += (square * square) / n;
  }
  const value = Math.sqrt(second);
  // Var[m₂] = (m₄ − m₂²)/n, and dσ = dm₂ / 2σ.
  return { value, standardError: Math.sqrt((fourth - second * second) / n) / (2 * value) };
}
