/**
 * The complementary error function, and the same scaled so that its tail neither vanishes nor loses digits:
 *
 *   erfc(x) = (2/√π) ∫ₓ^∞ e^(−t²) dt,   erfcx(x) = e^(x²) erfc(x)
 *
 * Rational approximations on three intervals; relative error about 1e-15 (test/math/error-function.test.ts).
 * Posterior means behind much noise are small differences of large terms and need those digits.
 *
 * Source: W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969) 631–637.
 */

/** Half of 0.9375: where the first interval ends. */
const small = 0.46875;
const sqrtPiInverse = 0.5641895835477563;

export function erfc(x: number): number {
  const y = Math.abs(x);
  if (y <= small) return 1 - x * nearZero(y * y);
  const tail = scaledTail(y) * expMinusSquare(y);
  return x < 0 ? 2 - tail : tail;
}

/** e^(x²) erfc(x); overflows to Infinity below −26.6. */
export function erfcx(x: number): number {
  const y = Math.abs(x);
  if (y <= small) return Math.exp(y * y) * (1 - x * nearZero(y * y));
  return x < 0 ? 2 * Math.exp(y * y) - scaledTail(y) : scaledTail(y);
}

/** Φ(z), the standard normal distribution function; keeps its relative precision in the lower tail. */
export function normalCdf(z: number): number {
  return 0.5 * erfc(-z * Math.SQRT1_2);
}

/** φ(z), the standard normal density. */
export function normalDensity(z: number): number {
  return Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
}

/** erf(y) / y for y ≤ 0.46875, of y². */
function nearZero(z: number): number {
  return (
    ((((0.18577770618460315 * z + 3.1611237438705655) * z + 113.86415415105016) * z +
      377.485237685302) *
      z +
      3209.3775891384694) /
    ((((z + 23.601290952344122) * z + 244.02463793444417) * z + 1282.6165260773723) * z +
      2844.236833439171)
  );
}

/** e^(y²) erfc(y) for y > 0.46875. */
function scaledTail(y: number): number {
  if (y <= 4) {
    return (
      ((((((((2.1531153547440383e-8 * y + 0.5641884969886701) * y + 8.883149794388377) * y +
        66.11919063714163) *
        y +
        298.6351381974001) *
        y +
        881.952221241769) *
        y +
        1712.0476126340707) *
        y +
        2051.0783778260716) *
        y +
        1230.3393547979972) /
      ((((((((y + 15.744926110709835) * y + 117.6939508913125) * y + 537.1811018620099) * y +
        1621.3895745666903) *
        y +
        3290.7992357334597) *
        y +
        4362.619090143247) *
        y +
        3439.3676741437216) *
        y +
        1230.3393548037495)
    );
  }
  const z = 1 / (y * y);
  const correction =
    (z *
      (((((0.016315387137302097 * z + 0.30532663496123236) * z + 0.36034489994980445) * z +
        0.12578172611122926) *
        z +
        0.016083785148742275) *
        z +
        0.0006587491615298378)) /
    (((((z + 2.568520192289822) * z + 1.8729528499234673) * z + 0.5279051029514285) * z +
      0.06051834131244132) *
      z +
      0.0023352049762686918);
  return (sqrtPiInverse - correction) / y;
}

/** e^(−y²), with y² split in two so that its rounding does not become an error of the exponential. */
function expMinusSquare(y: number): number {
  if (y > 28) return 0; // it underflows, and of infinity the split would be ∞ − ∞
  const coarse = Math.trunc(y * 16) / 16;
  return Math.exp(-coarse * coarse) * Math.exp(-(y - coarse) * (y + coarse));
}
