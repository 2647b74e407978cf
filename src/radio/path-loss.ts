/**
 * Path loss between two antennas: free space, and urban macro and micro cells and indoor offices.
 *
 *   free-space   20 lg(4π d f / c), Friis for isotropic antennas
 *   uma, umi     two slopes that meet at the breakpoint d_BP = 4 (h_base − 1 m)(h_terminal − 1 m) f / c
 *   …-nlos       the larger of the line-of-sight loss and a slope of its own, as the report has it
 *
 * d is the distance between the antennas (d_3D) and d_2D its horizontal part; lg of f is of f in GHz. σ is the
 * standard deviation of lognormal shadowing in dB.
 *
 * Source: 3GPP TR 38.901 V17.0.0, Table 7.4.1-1 with its notes 1 and 2 (c = 3.0e8 m/s in the breakpoint);
 * Friis, Proc. IRE 34 (1946) 254–256.
 * Limits: outdoor-to-indoor loss, the optional NLoS formulas and the probability of line of sight are not
 * modelled: the scenario says which of LoS and NLoS holds. For uma, terminals of 13 m and more are refused,
 * since there the report draws the height of the reflecting plane (1 m below that) at random.
 */

/** Where the two antennas are. */
export interface Path {
  /** Horizontal distance d_2D. */
  readonly distanceM: number;
  readonly carrierHz: number;
  readonly baseHeightM: number;
  readonly terminalHeightM: number;
}

/** What a path loss does not hold for: the key, and the rule that its value breaks. */
export interface Violation {
  readonly key: keyof Path;
  readonly rule: string;
}

export interface PathLossModel {
  /** Heights that the report gives; free space needs none, since only their difference counts. */
  readonly heightsM: { readonly base: number; readonly terminal: number };
  /** Standard deviation σ of the shadowing [dB]; undefined where the source has none. */
  readonly shadowingDb?: number;
  /** Ratio of transmitted to received power between isotropic antennas [dB]. */
  lossDb(path: Path): number;
  /** Violations of the range that the source gives; empty where the formula holds. */
  violations(path: Path): Violation[];
}

export const pathLossNames = [
  "free-space",
  "uma-los",
  "uma-nlos",
  "umi-los",
  "umi-nlos",
  "inh-los",
  "inh-nlos",
] as const;
export type PathLossName = (typeof pathLossNames)[number];

const speedOfLight = 299_792_458;
const report = "3GPP TR 38.901 Table 7.4.1-1";

/** d_3D. */
export function antennaDistanceM({ distanceM, baseHeightM, terminalHeightM }: Path): number {
  return Math.hypot(distanceM, baseHeightM - terminalHeightM);
}

/** Breakpoint d'_BP over a plane that reflects 1 m above the ground [m]. */
export function breakpointM({ carrierHz, baseHeightM, terminalHeightM }: Path): number {
  return (4 * (baseHeightM - 1) * (terminalHeightM - 1) * carrierHz) / 3e8;
}

const lg = Math.log10;
const lgGHz = (path: Path) => lg(path.carrierHz / 1e9);
const lgDistance = (path: Path) => lg(antennaDistanceM(path));

function umaLos(path: Path): number {
  const { distanceM, baseHeightM, terminalHeightM } = path;
  const breakpoint = breakpointM(path);
  if (distanceM <= breakpoint) return 28 + 22 * lgDistance(path) + 20 * lgGHz(path);
  const corner = breakpoint ** 2 + (baseHeightM - terminalHeightM) ** 2;
  return 28 + 40 * lgDistance(path) + 20 * lgGHz(path) - 9 * lg(corner);
}

function umiLos(path: Path): number {
  const { distanceM, baseHeightM, terminalHeightM } = path;
  const breakpoint = breakpointM(path);
  if (distanceM <= breakpoint) return 32.4 + 21 * lgDistance(path) + 20 * lgGHz(path);
  const corner = breakpoint ** 2 + (baseHeightM - terminalHeightM) ** 2;
  return 32.4 + 40 * lgDistance(path) + 20 * lgGHz(path) - 9.5 * lg(corner);
}

const inhLos = (path: Path) => 32.4 + 17.3 * lgDistance(path) + 20 * lgGHz(path);

const uma = { heightsM: { base: 25, terminal: 1.5 }, violations: urbanViolations("uma") };
const umi = { heightsM: { base: 10, terminal: 1.5 }, violations: urbanViolations("umi") };
const inh = { heightsM: { base: 3, terminal: 1 }, violations: indoorViolations };

export const pathLossModels: Readonly<Record<PathLossName, PathLossModel>> = {
  "free-space": {
    heightsM: { base: 0, terminal: 0 },
    lossDb: (path) =>
      20 * lg((4 * Math.PI * antennaDistanceM(path) * path.carrierHz) / speedOfLight),
    violations: farFieldViolations,
  },
  "uma-los": { ...uma, shadowingDb: 4, lossDb: umaLos },
  "uma-nlos": {
    ...uma,
    shadowingDb: 6,
    lossDb: (path) => {
      const slope = 13.54 + 39.08 * lgDistance(path) + 20 * lgGHz(path);
      return Math.max(umaLos(path), slope - 0.6 * (path.terminalHeightM - 1.5));
    },
  },
  "umi-los": { ...umi, shadowingDb: 4, lossDb: umiLos },
  "umi-nlos": {
    ...umi,
    shadowingDb: 7.82,
    lossDb: (path) => {
      const slope = 22.4 + 35.3 * lgDistance(path) + 21.3 * lgGHz(path);
      return Math.max(umiLos(path), slope - 0.3 * (path.terminalHeightM - 1.5));
    },
  },
  "inh-los": { ...inh, shadowingDb: 3, lossDb: inhLos },
  "inh-nlos": {
    ...inh,
    shadowingDb: 8.03,
    lossDb: (path) => Math.max(inhLos(path), 17.3 + 38.3 * lgDistance(path) + 24.9 * lgGHz(path)),
  },
};

/** Friis' formula is one of the far field; nearer than a wavelength it even promises gain. */
function farFieldViolations(path: Path): Violation[] {
  const wavelengthM = speedOfLight / path.carrierHz;
  if (antennaDistanceM(path) >= wavelengthM) return [];
  const rule = `must be at least a wavelength (${wavelengthM.toPrecision(3)} m) in free space`;
  return [{ key: "distanceM", rule }];
}

function carrierViolations({ carrierHz }: Path): Violation[] {
  if (carrierHz >= 0.5e9 && carrierHz <= 100e9) return [];
  return [{ key: "carrierHz", rule: `must be 0.5 to 100 GHz (${report}, note 2)` }];
}

function urbanViolations(cell: "uma" | "umi") {
  return (path: Path): Violation[] => {
    const found = carrierViolations(path);
    if (!(path.distanceM >= 10 && path.distanceM <= 5000)) {
      found.push({ key: "distanceM", rule: `must be 10 to 5000 m for ${cell} (${report})` });
    }
    if (!(path.baseHeightM > 1)) {
      found.push({ key: "baseHeightM", rule: `must be above 1 m for ${cell} (${report}, note 1)` });
    }
    if (!(path.terminalHeightM >= 1.5 && path.terminalHeightM <= 22.5)) {
      found.push({ key: "terminalHeightM", rule: `must be 1.5 to 22.5 m for ${cell} (${report})` });
    } else if (cell === "uma" && path.terminalHeightM >= 13) {
      const rule = `must be below 13 m for uma: from there on the breakpoint of ${report}, note 1, is random`;
      found.push({ key: "terminalHeightM", rule });
    }
    return found;
  };
}

function indoorViolations(path: Path): Violation[] {
  const found = carrierViolations(path);
  const distanceM = antennaDistanceM(path);
  if (!(distanceM >= 1 && distanceM <= 150)) {
    const rule = `must place the antennas 1 to 150 m apart for inh (${report}); with their heights they are ${distanceM.toPrecision(4)} m apart`;
    found.push({ key: "distanceM", rule });
  }
  return found;
}
