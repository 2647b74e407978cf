/// <reference lib="dom" />
/**
 * A chart on the page: Vega draws it; the pointer, a finger or the arrow keys pick a point, which is
 * ringed and read out below the chart.
 */
import type { Spec, View } from "vega";
import { element } from "./elements.js";
import { onThemeChange } from "./theme.js";

declare const vega: typeof import("vega");

/** A point that can be picked. */
export interface Pickable {
  /** Curve that it belongs to: left and right go along a curve, up and down to another one. */
  readonly curve: string;
  readonly atX: number | string;
  readonly atY: number;
  /** Shift along x [px]. */
  readonly dodge: number;
  /** What it is, then its values, a line each. */
  readonly lines: () => readonly string[];
}

export interface Drawing {
  readonly spec: Spec;
  readonly points: readonly Pickable[];
  /** What the chart shows, in a sentence. */
  readonly description: string;
}

interface Placed {
  readonly point: Pickable;
  readonly x: number;
  readonly y: number;
}

/** Farther from the pointer no point is picked [px]. */
const reach = 40;
/** More marks than these are drawn on a canvas. */
const mostElements = 1500;
const hint = "Point at a marker, or move to the chart and use the arrow keys.";

export class Chart {
  readonly #plot: HTMLElement;
  readonly #drawingPlace = element("div", { class: "drawing", "aria-hidden": "true" });
  readonly #tip = element("div", { class: "tip", hidden: true, "aria-hidden": "true" });
  readonly #readout = element("p", { class: "readout", "aria-live": "polite" }, hint);
  readonly #make: (width: number) => Drawing | string;
  #view: View | undefined;
  #placed: Placed[] = [];
  #picked: Placed | undefined;
  #width = 0;

  /** `make` gives what is to be drawn in so many pixels, or says why there is nothing. */
  constructor(host: HTMLElement, make: (width: number) => Drawing | string) {
    this.#make = make;
    this.#plot = element(
      "div",
      { class: "plot", tabindex: "0", role: "application", "aria-roledescription": "chart" },
      this.#drawingPlace,
      this.#tip,
    );
    host.append(this.#plot, this.#readout);
    this.#plot.addEventListener("keydown", (event) => this.#onKey(event));
    this.#plot.addEventListener("pointermove", (event) => this.#pickNear(event));
    this.#plot.addEventListener("pointerdown", (event) => this.#pickNear(event));
    this.#plot.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") this.#pick(undefined);
    });
    this.#plot.addEventListener("blur", () => this.#pick(undefined));
    onThemeChange(() => this.draw());
    new ResizeObserver(() => {
      const width = this.#plot.clientWidth;
      if (width > 0 && width !== this.#width) this.draw();
    }).observe(this.#plot);
  }

  draw(): void {
    this.#width = this.#plot.clientWidth;
    this.#view?.finalize();
    this.#view = undefined;
    this.#placed = [];
    this.#pick(undefined);
    if (this.#width === 0) return;
    const drawing = this.#make(this.#width);
    if (typeof drawing === "string") {
      this.#drawingPlace.replaceChildren(element("p", { class: "empty" }, drawing));
      this.#plot.setAttribute("aria-label", drawing);
      return;
    }
    this.#plot.setAttribute("aria-label", `${drawing.description} ${hint}`);
    const place = element("div");
    this.#drawingPlace.replaceChildren(place);
    const view = new vega.View(vega.parse(drawing.spec), {
      renderer: drawing.points.length > mostElements ? "canvas" : "svg",
      container: place,
      hover: false,
      logLevel: vega.Warn,
    });
    this.#view = view;
    // As vega-embed does, so that the view can be reached from the page.
    Object.assign(place, { __view__: view });
    // Fitting axes into the width takes Vega a second round.
    view.runAsync().then(() => {
      if (this.#view === view) this.#placed = placePoints(view, drawing.points);
    });
  }

  #pickNear(event: PointerEvent): void {
    const box = this.#drawingPlace.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let nearest: Placed | undefined;
    let least = reach;
    for (const placed of this.#placed) {
      const distance = Math.hypot(placed.x - x, placed.y - y);
      if (distance < least) [nearest, least] = [placed, distance];
    }
    this.#pick(nearest);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey || this.#placed.length === 0) return;
    const next = this.#reached(event.key);
    if (next === undefined && event.key !== "Escape") return;
    event.preventDefault();
    this.#pick(next);
  }

  /** The point that a key leads to; the first one where none is picked. */
  #reached(key: string): Placed | undefined {
    const steps: Record<string, number> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      PageUp: -10,
      PageDown: 10,
      Home: Number.NEGATIVE_INFINITY,
      End: Number.POSITIVE_INFINITY,
    };
    const vertical = key === "ArrowUp" || key === "ArrowDown";
    if (!vertical && steps[key] === undefined) return undefined;
    const from = this.#picked;
    if (from === undefined) return this.#placed[0];
    if (vertical) return this.#onOtherCurve(from, key === "ArrowUp");
    const curve = this.#placed.filter((p) => p.point.curve === from.point.curve);
    const place = curve.indexOf(from) + steps[key];
    return curve[Math.min(curve.length - 1, Math.max(0, place))];
  }

  /** The curve above or below, at the point nearest in x; stays at the last one. */
  #onOtherCurve(from: Placed, up: boolean): Placed {
    const nearest = new Map<string, Placed>([[from.point.curve, from]]);
    for (const placed of this.#placed) {
      const { curve } = placed.point;
      if (curve === from.point.curve) continue;
      const best = nearest.get(curve);
      if (best === undefined || Math.abs(placed.x - from.x) < Math.abs(best.x - from.x)) {
        nearest.set(curve, placed);
      }
    }
    const stacked = [...nearest.values()].sort((a, b) => a.y - b.y);
    const place = stacked.indexOf(from) + (up ? -1 : 1);
    return stacked[Math.min(stacked.length - 1, Math.max(0, place))];
  }

  #pick(placed: Placed | undefined): void {
    if (placed === this.#picked) return;
    this.#picked = placed;
    this.#view?.data("picked", placed === undefined ? [] : [{ ...placed.point }]).run();
    this.#tip.hidden = placed === undefined;
    const lines = placed?.point.lines() ?? [];
    this.#readout.textContent = placed === undefined ? hint : lines.join("; ");
    if (placed === undefined) return;
    this.#tip.replaceChildren(...lines.map((line) => element("div", {}, line)));
    const { clientWidth, clientHeight } = this.#tip;
    const right = placed.x + 14 + clientWidth <= this.#width;
    const left = right ? placed.x + 14 : Math.max(0, placed.x - 14 - clientWidth);
    const top = Math.max(0, placed.y - clientHeight - 8);
    this.#tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }
}

/** Where points stand in the drawing [px]. */
function placePoints(view: View, points: readonly Pickable[]): Placed[] {
  const [xScale, yScale] = [view.scale("x"), view.scale("y")];
  const padding = view.padding() as { left: number; top: number };
  const [originX, originY] = view.origin();
  return points.map((point) => ({
    point,
    x: padding.left + originX + xScale(point.atX) + point.dodge,
    y: padding.top + originY + yScale(point.atY),
  }));
}
