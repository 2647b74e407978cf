/// <reference lib="dom" />
/**
 * Tables that sort by the heading that is pressed: up, down, and back to the order they came in.
 * A cell's value is its `data-value` where it has one, else its text; empty cells go last.
 */
import { element } from "./elements.js";

export function makeSortable(table: HTMLTableElement): void {
  const body = table.tBodies[0];
  const original = [...body.rows];
  const headers = [...(table.tHead?.rows[0]?.cells ?? [])];
  headers.forEach((header, column) => {
    const button = element("button", { type: "button", class: "sort" });
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const direction = next(header.getAttribute("aria-sort"));
      for (const other of headers) other.removeAttribute("aria-sort");
      if (direction !== undefined) header.setAttribute("aria-sort", direction);
      const rows = direction === undefined ? original : sorted(original, column, direction);
      body.append(...rows);
      // Rules between points say nothing in another order.
      table.classList.toggle("sorted", direction !== undefined);
    });
  });
}

type Direction = "ascending" | "descending";

function next(direction: string | null): Direction | undefined {
  if (direction === null) return "ascending";
  return direction === "ascending" ? "descending" : undefined;
}

function sorted(
  rows: readonly HTMLTableRowElement[],
  column: number,
  direction: Direction,
): HTMLTableRowElement[] {
  const sign = direction === "ascending" ? 1 : -1;
  const value = (row: HTMLTableRowElement) => {
    const cell = row.cells[column];
    return cell.dataset.value ?? cell.textContent?.trim() ?? "";
  };
  return [...rows].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === "" || right === "") return Number(left === "") - Number(right === "");
    const difference = Number(left) - Number(right);
    if (Number.isNaN(difference)) return sign * left.localeCompare(right, "en", { numeric: true });
    return sign * difference;
  });
}
