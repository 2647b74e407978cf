/**
 * Titles of swept parameters: `channel.wnrDb` is "WNR [dB]", `transmitter.symbolRateHz` is
 * "Symbol rate [Hz]".
 */

/** Endings of keys and the unit they stand for, longest first. */
const units: readonly (readonly [RegExp, string])[] = [
  [/MicroS$/, "µS"],
  [/Dbm$/, "dBm"],
  [/Dbi$/, "dBi"],
  [/Mps$/, "m/s"],
  [/Bits$/, "bits"],
  [/Db$/, "dB"],
  [/Hz$/, "Hz"],
  [/(?<=[a-z])S$/, "s"],
  [/(?<=[a-z])M$/, "m"],
  [/(?<=[a-z])K$/, "K"],
];

const written: Readonly<Record<string, string>> = {
  wnr: "WNR",
  snr: "SNR",
  adc: "ADC",
  dac: "DAC",
  lambda: "λ′",
  beta: "β",
  kappa: "κ",
};

export function axisTitle(path: string): string {
  const keys = path.split(".");
  const key = keys.at(-1)!;
  const unit = units.find(([ending]) => ending.test(key));
  const bare = unit === undefined ? key : key.replace(unit[0], "");
  const words = bare.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
  // Both directions of a federated round have an SNR and a receiver.
  const isDownlink = keys[0] === "downlink" && keys.length > 1;
  const named = written[bare] ?? (isDownlink ? words : capital(words));
  const name = isDownlink ? `Downlink ${named}` : named;
  // "Path" or "λ′" alone would not say whose.
  const index = /^\d+$/.test(keys.at(-2) ?? "");
  const of = index ? `${keys.at(-3)} ${keys.at(-2)}` : keys.at(-2);
  const isPlain = isDownlink && keys[1] === "channel" && keys.length === 3;
  const owner = (keys.length > 2 && !isPlain) || key === "path" || key === "name" ? ` (${of})` : "";
  return `${name}${owner}${unit === undefined ? "" : ` [${unit[1]}]`}`;
}

export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
