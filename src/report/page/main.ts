/// <reference lib="dom" />
/** The page's script: draws the charts from the data in the page, and makes its tables sort. */
import { parseEmbedded } from "../embedded-json.js";
import type { PageData } from "../page-data.js";
import { curvesSection } from "./curves-section.js";
import { byId } from "./elements.js";
import { makeSortable } from "./sortable.js";
import { timelineSection } from "./timeline-section.js";
import { trialsSection } from "./trials-section.js";

const { runs } = parseEmbedded<PageData>(byId("data").textContent ?? "");

const sections = { curves: curvesSection, trials: trialsSection, timeline: timelineSection };
for (const [id, section] of Object.entries(sections)) {
  // A section that has nothing to show is left out of the page.
  const host = document.getElementById(id);
  if (host !== null) section(host, runs);
}
for (const table of document.querySelectorAll<HTMLTableElement>("table.sortable")) {
  makeSortable(table);
}
