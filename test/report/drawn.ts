/** Reads charts as they are drawn: marks and their places in the page, and the ticks beside them. */
import type { Locator, Page } from "playwright-core";

export interface DrawnMark {
  /** What Vega has drawn it from. */
  readonly datum: Readonly<Record<string, unknown>>;
  /** Place in the plot [px]. */
  readonly x: number;
  readonly y: number;
  readonly fill: string;
}

/** Symbols of marks with this name, in the chart in #section. */
export async function symbols(page: Page, section: string, name: string): Promise<DrawnMark[]> {
  const found = await page.evaluate(
    ([section, name]) =>
      [...document.querySelectorAll(`#${section} .drawing g.mark-symbol.${name} path`)].map(
        (path) => ({
          // Vega leaves its item on the element.
          datum: { ...(path as unknown as { __data__: { datum: object } }).__data__.datum },
          transform: path.getAttribute("transform"),
          fill: path.getAttribute("fill") ?? "",
        }),
      ),
    [section, name] as const,
  );
  return found.map(({ datum, transform, fill }) => {
    const [x, y] = translation(transform);
    return { datum: datum as Record<string, unknown>, x, y, fill };
  });
}

function translation(transform: string | null): [number, number] {
  const match = /translate\(([-\d.e]+),([-\d.e]+)\)/.exec(transform ?? "");
  if (match === null) throw new Error(`no translation: ${transform}`);
  return [Number(match[1]), Number(match[2])];
}

/** Corners of the areas, [x, y] each, in the order in which they are drawn [px]. */
export function areas(page: Page, section: string): Promise<[number, number][][]> {
  return page.evaluate(
    (section) =>
      [...document.querySelectorAll(`#${section} .drawing g.mark-area path`)].map((path) =>
        [...(path.getAttribute("d") ?? "").matchAll(/([-\d.e]+),([-\d.e]+)/g)].map(
          ([, x, y]): [number, number] => [Number(x), Number(y)],
        ),
      ),
    section,
  );
}

export interface DrawnAxis {
  readonly title: string;
  readonly labels: readonly string[];
  /** Pixels of a value, by the first and the last tick; the scale must be linear. */
  readonly pixels: (value: number) => number;
}

/** The axis along x or y, from its labels and where its ticks are. */
export async function axis(page: Page, section: string, along: "x" | "y"): Promise<DrawnAxis> {
  const axes = await page.evaluate(
    (section) =>
      [...document.querySelectorAll(`#${section} .drawing g.mark-group.role-axis`)].map(
        (group) => ({
          title: [...group.querySelectorAll(".role-axis-title text")]
            .map((text) => text.textContent)
            .join(" "),
          labels: [...group.querySelectorAll(".role-axis-label text")].map(
            (t) => t.textContent ?? "",
          ),
          ticks: [...group.querySelectorAll(".role-axis-tick line")].map((line) =>
            line.getAttribute("transform"),
          ),
        }),
      ),
    section,
  );
  for (const { title, labels, ticks } of axes) {
    const places = ticks.map(translation);
    const pixels = places.map((place) => place[along === "x" ? 0 : 1]);
    // Grids lie across and have no labels.
    if (labels.length < 2 || pixels[0] === pixels.at(-1)) continue;
    const values = labels.map((label) => Number(label.replace("−", "-").replace("+", "")));
    const slope = (pixels.at(-1)! - pixels[0]!) / (values.at(-1)! - values[0]!);
    return { title, labels, pixels: (value) => pixels[0]! + (value - values[0]!) * slope };
  }
  throw new Error(`#${section} has no axis along ${along}`);
}

/** A control of a section, by its label. */
export function control(page: Page, section: string, label: string): Locator {
  return page.locator(`#${section}`).getByLabel(label, { exact: true });
}
