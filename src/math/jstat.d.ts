/** The part of jstat that is used here; the package ships no types. */
declare module "jstat" {
  interface StudentT {
    inv(probability: number, degreesOfFreedom: number): number;
  }
  interface Normal {
    inv(probability: number, mean: number, standardDeviation: number): number;
  }
  const jstat: { readonly studentt: StudentT; readonly normal: Normal };
  export default jstat;
}
