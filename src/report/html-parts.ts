/** Pieces of a page; every text that goes through them is escaped. */

export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

export function section(id: string, title: string, content: string, level = 2): string {
  return `<section id="${id}" aria-labelledby="${id}-title">
<h${level} id="${id}-title">${escapeHtml(title)}</h${level}>
${content}
</section>`;
}

export interface Column<Row> {
  readonly title: string;
  /** Text stands left, numbers right. */
  readonly isText?: boolean;
  /** Set in a fixed width, as hashes are. */
  readonly isCode?: boolean;
  readonly cell: (row: Row) => string;
  /** What the column sorts by where the cell's text is not it. */
  readonly value?: (row: Row) => number | string | null;
}

export interface TableOptions<Row> {
  readonly caption: string;
  readonly sortable?: boolean;
  /** Neighbours with the same are a group, with a rule above. */
  readonly group?: (row: Row) => unknown;
}

export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { caption, sortable = false, group }: TableOptions<Row>,
): string {
  const label = escapeHtml(caption);
  let last: unknown;
  const body = rows.map((row, i) => {
    const key = group?.(row);
    const isFirst = group !== undefined && (i === 0 || key !== last);
    last = key;
    return `<tr${isFirst ? ' class="first"' : ""}>${columns.map((c) => cell(c, row)).join("")}</tr>`;
  });
  const head = columns.map(
    ({ title, isText }) => `<th scope="col"${textClass(isText)}>${escapeHtml(title)}</th>`,
  );
  return `<div class="scroll" tabindex="0" role="group" aria-label="${label}">
<table class="${sortable ? "sortable" : "plain"}">
<caption>${label}</caption>
<thead><tr>${head.join("")}</tr></thead>
<tbody>
${body.join("\n")}
</tbody>
</table>
</div>`;
}

function cell<Row>({ cell, value, isText, isCode }: Column<Row>, row: Row): string {
  const sortsBy = value?.(row);
  const data = value === undefined ? "" : ` data-value="${escapeHtml(String(sortsBy ?? ""))}"`;
  const text = escapeHtml(cell(row));
  return `<td${textClass(isText)}${data}>${isCode ? `<code>${text}</code>` : text}</td>`;
}

function textClass(isText: boolean | undefined): string {
  return isText ? ' class="text"' : "";
}

export function facts(entries: readonly (readonly [string, string])[]): string {
  const rows = entries.map(
    ([term, fact]) => `<div><dt>${escapeHtml(term)}</dt><dd>${escapeHtml(fact)}</dd></div>`,
  );
  return `<dl>\n${rows.join("\n")}\n</dl>`;
}

/** Text in a fixed width, that scrolls in itself. */
export function code(text: string, label: string): string {
  return `<pre tabindex="0" role="group" aria-label="${escapeHtml(label)}"><code>${escapeHtml(text)}</code></pre>`;
}

export function paragraphs(texts: readonly string[], style: string): string {
  const role = style === "notice" ? ' role="note"' : "";
  return texts.map((text) => `<p class="${style}"${role}>${escapeHtml(text)}</p>`).join("\n");
}
