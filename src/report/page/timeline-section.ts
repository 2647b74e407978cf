/// <reference lib="dom" />
/** One transmission, packet by packet: when each was on the air, and how much noise it met. */
import type { Spec } from "vega";
import type { Timeline } from "../../study/results.js";
import { chartFrame, numberText, pickedMark } from "../curve-spec.js";
import { siPrefix } from "../figure-axes.js";
import type { PageRun } from "../page-data.js";
import { grouped, minus, percent, setTo, valueText } from "../wording.js";
import { Chart, type Drawing } from "./chart.js";
import { element, select } from "./elements.js";
import { theme } from "./theme.js";

interface Bar {
  /** "lost": nothing of it arrived. */
  readonly kind: "arrived" | "in part" | "lost";
  readonly sent: number;
  readonly arrived: number;
  readonly atX: number;
  readonly atY: number;
  readonly snrDb: number;
}

export function timelineSection(host: HTMLElement, runs: readonly PageRun[]): void {
  const withTimeline = runs.filter((run) => run.timelines.length > 0);
  const run = select("Run", () => fillPoints());
  const point = select("Point", () => chart.draw());
  const status = element("p", { class: "fine" });
  const plot = element("div");
  host.append(element("div", { class: "controls" }, run.element, point.element), plot, status);
  run.setOptions(withTimeline.map((r, i) => ({ value: String(i), text: r.label })));
  const shown = () => withTimeline[Number(run.value)];

  const chart = new Chart(plot, (width) => {
    const timeline = shown().timelines.find((t) => String(t.point) === point.value);
    if (timeline === undefined || timeline.packets.length === 0) return "No packet was sent.";
    status.textContent = statusOf(timeline);
    return drawing(timeline, width);
  });

  function fillPoints(): void {
    const { timelines, axes, summary } = shown();
    const parameters = new Map(summary.map((s) => [s.point, s.parameters]));
    point.setOptions(
      timelines.map((t) => {
        const set = parameters.get(t.point) ?? {};
        const text = axes.map((axis) => setTo(axis.title, set[axis.path] ?? "")).join(", ");
        return { value: String(t.point), text };
      }),
    );
    chart.draw();
  }
  fillPoints();
}

function statusOf({ packets, packetsSent, trial }: Timeline): string {
  const end = Math.max(...packets.map((p) => p.arrivedAtS));
  const finite = packets.map((p) => p.snrDb).filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const db = (value: number) => minus(value.toFixed(2));
  const snr =
    finite.length === 0
      ? packets.some((p) => p.snrDb === Infinity)
        ? "no noise in any packet"
        : "none of which arrived"
      : db(low) === db(high)
        ? `the same SNR of ${db(low)} dB in each`
        : `an SNR of ${db(low)} to ${db(high)} dB`;
  const lost = packets.filter((p) => p.erased === 1).length;
  const inPart = packets.filter((p) => p.erased > 0 && p.erased < 1).length;
  const again = packets.filter((p) => p.attempt > 1).length;
  const clean = packets.length - finite.length - lost;
  return [
    `Trial ${trial}: ${grouped(packetsSent)} ${packetsSent === 1 ? "packet" : "packets"}, with ${snr}.`,
    ...(lost > 0 ? [`${grouped(lost)} lost.`] : []),
    ...(inPart > 0 ? [`${grouped(inPart)} lost in part.`] : []),
    ...(again > 0 ? [`${grouped(again)} sent again.`] : []),
    ...(clean > 0 && finite.length > 0 ? [`${grouped(clean)} without noise.`] : []),
    packets.length < packetsSent
      ? `The first ${grouped(packets.length)} are shown, up to ${timeText(end)}.`
      : `The last one arrives after ${timeText(end)}.`,
  ].join(" ");
}

function timeText(seconds: number): string {
  const { sign, size } = siPrefix("t [s]", [seconds]);
  return `${valueText(Number((seconds / size).toPrecision(5)))} ${sign}s`;
}

function drawing(timeline: Timeline, width: number): Drawing {
  const { packets } = timeline;
  const finite = packets.map((p) => p.snrDb).filter(Number.isFinite);
  const [low, high] = finite.length > 0 ? [Math.min(...finite), Math.max(...finite)] : [0, 0];
  // A fade of a hundredth of a decibel is none: bars of one height say so.
  const spread = Math.max(high - low, 4);
  const floor = Math.min(low, (low + high - spread) / 2) - 0.15 * spread;
  const top = Math.max(high, (low + high + spread) / 2) + 0.15 * spread;
  const { sign, size } = siPrefix(
    "t [s]",
    packets.map((p) => p.arrivedAtS),
  );
  const bars: Bar[] = packets.map((p) => ({
    kind: p.erased === 1 ? "lost" : p.erased > 0 ? "in part" : "arrived",
    sent: p.sentAtS / size,
    arrived: p.arrivedAtS / size,
    atX: (p.sentAtS + p.arrivedAtS) / 2 / size,
    // What was lost is as tall as what had no noise, and of another colour.
    atY: Number.isFinite(p.snrDb) ? p.snrDb : top,
    snrDb: p.snrDb,
  }));
  const points = packets.map((p, i) => ({
    curve: "packets",
    atX: bars[i].atX,
    atY: bars[i].atY,
    dodge: 0,
    lines: () => [
      `Transmission ${i + 1} of ${grouped(timeline.packetsSent)}`,
      `Sent at ${timeText(p.sentAtS)}, arrived at ${timeText(p.arrivedAtS)}`,
      `${grouped(p.symbols)} symbols${p.attempt > 1 ? `, try ${p.attempt}` : ""}`,
      Number.isFinite(p.snrDb)
        ? `SNR ${minus(p.snrDb.toFixed(2))} dB`
        : p.snrDb > 0
          ? "No noise"
          : "Lost",
      ...(p.erased > 0 && p.erased < 1 ? [`${percent(p.erased)} % of it lost`] : []),
    ],
  }));
  return {
    spec: timelineSpec(bars, [floor, top], `Time [${sign}s]`, width),
    points,
    description: `SNR of ${packets.length} packets over time.`,
  };
}

function timelineSpec(bars: Bar[], domain: number[], title: string, width: number): Spec {
  const { style, looks } = theme();
  const label = numberText("datum.value");
  const encode = { labels: { update: { text: { signal: label } } } };
  return {
    ...chartFrame({ width, height: 240 }, style),
    data: [
      { name: "packets", values: bars },
      { name: "picked", values: [] },
    ],
    scales: [
      {
        name: "x",
        type: "linear",
        domain: [0, Math.max(...bars.map((b) => b.arrived))],
        range: "width",
      },
      { name: "y", type: "linear", domain, range: "height", zero: false },
      {
        name: "depth",
        type: "linear",
        domain,
        range: [0.25, 0.9],
        zero: false,
        clamp: true,
      },
    ] as NonNullable<Spec["scales"]>,
    axes: [
      {
        scale: "x",
        orient: "bottom",
        title,
        tickCount: Math.max(3, Math.floor(width / 90)),
        encode,
      },
      {
        scale: "y",
        orient: "left",
        grid: true,
        title: "SNR of the packet [dB]",
        tickCount: 5,
        encode,
      },
    ],
    marks: [
      {
        type: "rect",
        name: "bars",
        from: { data: "packets" },
        encode: {
          update: {
            x: { scale: "x", field: "sent" },
            x2: { scale: "x", field: "arrived" },
            y: { scale: "y", field: "atY" },
            y2: { signal: "height" },
            fill: [
              { test: "datum.kind === 'lost'", value: looks.colours[1] },
              { value: looks.colours[0] },
            ],
            fillOpacity: { scale: "depth", field: "atY" },
            stroke: { value: style.ground },
            strokeWidth: { value: bars.length > width / 4 ? 0 : 0.75 },
          },
        },
      },
      pickedMark(style),
    ],
  };
}
