/** The part of jstat that is used here; the package ships no types. */
declare module "jstat" {
  interface StudentT {
    inv(probability: number, degreesOfFreedom: number): number;
  }
  interface Normal {
    cdf(x: number, mean: number, standardDeviation: number): number;
    inv(probability: number, mean: number, standardDeviation: number): number;
  }
  const jstat: {
    readonly studentt: StudentT;
    readonly normal: Normal;
    /** Regularized incomplete beta function I_x(a, b). */
    ibeta(x: number, a: number, b: number): number;
  };
  export default jstat;
}
