/** The page's style sheet: light and dark, wide and narrow; figures stay on white paper. */
export const reportStyle = `
:root {
  color-scheme: light dark;
  --ink: #1c2024; --faint: #545b63; --line: #d9dde1; --ground: #ffffff; --raised: #f4f6f8;
  --link: #00619e; --notice: #fff4dc; --notice-line: #b87900;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e8ea; --faint: #a9b0b7; --line: #3a4047; --ground: #15181b; --raised: #1f2327;
    --link: #7cc0f0; --notice: #33291a; --notice-line: #e0a13a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", Verdana, sans-serif;
}
main, footer { max-width: 62rem; margin: 0 auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1.6rem 0 0.6rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 0.6rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 0.4rem; overflow-wrap: anywhere; }
a { color: var(--link); }
.lead { max-width: 46rem; margin: 0 0 1rem; }
.notice {
  margin: 0 0 0.6rem; padding: 0.5rem 0.8rem;
  background: var(--notice); border-left: 4px solid var(--notice-line);
}
figure { margin: 1rem 0; }
.paper { background: #ffffff; border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; }
.paper svg { display: block; width: 100%; height: auto; margin: 0 auto; }
figcaption, caption, footer { color: var(--faint); font-size: 0.875rem; }
figcaption { margin-top: 0.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: 0.4rem; }
th, td { padding: 0.2rem 0.9rem 0.2rem 0; text-align: right; vertical-align: top; }
th { border-bottom: 1px solid var(--faint); vertical-align: bottom; font-weight: 600; }
td { white-space: nowrap; }
.facts td { white-space: normal; }
th.text, td.text { text-align: left; }
tr.first td { border-top: 1px solid var(--line); padding-top: 0.35rem; }
dl { margin: 0 0 1rem; }
dl div { display: grid; grid-template-columns: 11rem 1fr; gap: 0.2rem 1rem; padding: 0.15rem 0; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
pre {
  margin: 0 0 0.8rem; padding: 0.7rem 0.9rem; overflow-x: auto;
  background: var(--raised); border: 1px solid var(--line); border-radius: 6px;
}
code, pre { font: 0.85rem/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
td code { overflow-wrap: anywhere; }
footer { padding-top: 1.5rem; padding-bottom: 2rem; }
@media (max-width: 36rem) {
  dl div { grid-template-columns: 1fr; gap: 0; padding: 0.3rem 0; }
  h1 { font-size: 1.35rem; }
}
@media print { .paper, pre { border-color: #cccccc; } tr { break-inside: avoid; } }
`;
