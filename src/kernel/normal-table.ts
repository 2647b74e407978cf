/**
 * The layers of the ziggurat that draws normal numbers.
 *
 * The half-bell f(x) = exp(-x²/2), x >= 0, is covered by 256 layers of equal area V. Layer i >= 1 is
 * the box [0, x_i] x [f(x_i), f(x_{i+1})], with x_1 = R > x_2 > ... > x_256 = 0. Layer 0 is the box
 * [0, R] x [0, f(R)] and the tail beyond R; it is drawn as if it were a box of width x_0 = V / f(R).
 * A point of layer i left of x_{i+1} lies under the curve: no exponential is needed for 98.8 % of
 * the draws.
 *
 * Source: Marsaglia & Tsang, "The ziggurat method for generating random variables", J. Stat.
 * Software 5(8), 2000, https://doi.org/10.18637/jss.v005.i08. R and V are theirs for 256 layers, V to
 * more digits, from V = R f(R) + ∫_R^∞ f(x) dx.
 */
export const LAYERS = 256;
export const R = 3.6541528853610088;
export const V = 0.004928673233974658;

const f = (x: number) => Math.exp(-0.5 * x * x);

/** Right edge x_i of each layer; `EDGES[LAYERS]` is 0, and `EDGES[0]` the width layer 0 pretends. */
export const EDGES = new Float64Array(LAYERS + 1);
EDGES[0] = V / f(R);
EDGES[1] = R;
for (let i = 2; i < LAYERS; i++) {
  const below = EDGES[i - 1]!;
  EDGES[i] = Math.sqrt(-2 * Math.log(f(below) + V / below));
}

/** f(x_i): the lower side of layer i. */
export const HEIGHTS = EDGES.map(f);
