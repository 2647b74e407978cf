/** What tables show of the transmissions themselves, where it tells something that other columns do not. */
import type { PointSummary, TransmissionMeans } from "../study/results.js";
import { differs, percent, ratioText, valueText } from "./wording.js";

interface FactColumn {
  readonly key: keyof TransmissionMeans;
  readonly title: string;
  readonly cell: (value: number) => string;
  /** Whether it tells anything that other columns do not. */
  readonly isShown: (summary: readonly PointSummary[]) => boolean;
}

const someValue = (key: keyof TransmissionMeans) => (summary: readonly PointSummary[]) =>
  summary.some((s) => s[key] > 0);
const someDifference = (key: keyof TransmissionMeans) => (summary: readonly PointSummary[]) =>
  differs({ summary }, key);

export const factColumns: readonly FactColumn[] = [
  {
    key: "equivalentWnrDb",
    title: "equivalent WNR [dB]",
    cell: ratioText,
    // With noise that is the same for all weights it is the WNR.
    isShown: (summary) => summary.some((s) => Math.abs(s.equivalentWnrDb - s.wnrDb) > 0.005),
  },
  { key: "outageRate", title: "outage [%]", cell: percent, isShown: someValue("outageRate") },
  { key: "erasureRate", title: "lost [%]", cell: percent, isShown: someValue("erasureRate") },
  {
    key: "retransmissions",
    title: "retransmissions",
    cell: (value) => valueText(Number(value.toPrecision(4))),
    isShown: someValue("retransmissions"),
  },
  {
    key: "sideBits",
    title: "side information [bits]",
    cell: (value) => valueText(Math.round(value)),
    isShown: someValue("sideBits"),
  },
  {
    key: "airtimeS",
    title: "airtime [s]",
    cell: (value) => valueText(Number(value.toPrecision(5))),
    isShown: someDifference("airtimeS"),
  },
  {
    key: "latencyS",
    title: "latency [s]",
    cell: (value) => valueText(Number(value.toPrecision(5))),
    isShown: (summary) =>
      summary.some((s) => Math.abs(s.latencyS - s.airtimeS) > 1e-9 * s.airtimeS),
  },
  {
    key: "energy",
    title: "energy",
    cell: (value) => valueText(Number(value.toPrecision(5))),
    isShown: someDifference("energy"),
  },
];
