/** The page's style sheet: light and dark, wide and narrow. */
export const reportStyle = `
:root {
  color-scheme: light dark;
  --ink: #1c2024; --faint: #545b63; --line: #d9dde1; --ground: #ffffff; --raised: #f4f6f8;
  --link: #00619e; --notice: #fff4dc; --notice-line: #b87900; --control: #767d85;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e8ea; --faint: #a9b0b7; --line: #3a4047; --ground: #15181b; --raised: #1f2327;
    --link: #7cc0f0; --notice: #33291a; --notice-line: #e0a13a; --control: #838b93;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", Verdana, sans-serif;
}
main, footer { max-width: 64rem; margin: 0 auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1.6rem 0 0.6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 0.6rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1.4rem 0 0.4rem; overflow-wrap: anywhere; }
h4 { font-size: 0.9rem; margin: 1.2rem 0 0.4rem; overflow-wrap: anywhere; }
a { color: var(--link); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.lead { max-width: 48rem; margin: 0 0 0.8rem; overflow-wrap: anywhere; }
.notice {
  margin: 0 0 0.6rem; padding: 0.5rem 0.8rem; overflow-wrap: anywhere;
  background: var(--notice); border-left: 4px solid var(--notice-line);
}
.fine { color: var(--faint); font-size: 0.875rem; margin: 0.5rem 0; max-width: 54rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; list-style: none; padding: 0; margin: 1rem 0 0; }
nav a { display: inline-block; padding: 0.15rem 0; }

.controls, .lists { display: flex; flex-wrap: wrap; gap: 0.5rem 1.1rem; align-items: center; }
.controls { font-size: 0.9rem; margin-bottom: 0.5rem; }
.lists { align-items: flex-start; font-size: 0.9rem; margin-bottom: 0.6rem; }
.control { display: inline-flex; align-items: center; gap: 0.45rem; max-width: 100%; }
.control label { color: var(--faint); white-space: nowrap; }
select {
  font: inherit; color: inherit; min-width: 0; max-width: 100%; padding: 0.25rem 0.4rem;
  background: var(--ground); border: 1px solid var(--control); border-radius: 5px; text-overflow: ellipsis;
}
.check { display: inline-flex; align-items: center; gap: 0.4rem; overflow-wrap: anywhere; min-width: 0; }
input[type="checkbox"] { width: 1rem; height: 1rem; margin: 0; flex: none; accent-color: var(--link); }
.check svg, .key svg { flex: none; }
fieldset { border: 0; padding: 0; margin: 0; min-width: 0; max-width: 100%; }
legend { padding: 0; color: var(--faint); float: left; margin-right: 0.7rem; }
.boxes { display: inline-flex; flex-wrap: wrap; gap: 0.25rem 1rem; max-height: 9rem; overflow-y: auto; max-width: 100%; }
button.small {
  font: inherit; font-size: 0.8rem; color: var(--link); background: none; cursor: pointer;
  border: 1px solid var(--line); border-radius: 5px; padding: 0.05rem 0.5rem; margin-left: 0.5rem;
}

.plot { position: relative; min-height: 6rem; border-radius: 4px; touch-action: pan-y; }
.drawing svg, .drawing canvas { display: block; max-width: 100%; }
.empty { color: var(--faint); padding: 2rem 0; margin: 0; }
.tip {
  position: absolute; left: 0; top: 0; max-width: 19rem; padding: 0.35rem 0.6rem; pointer-events: none;
  background: var(--raised); border: 1px solid var(--control); border-radius: 5px;
  font-size: 0.8rem; line-height: 1.4; font-variant-numeric: tabular-nums;
}
.tip div:first-child { font-weight: 600; }
.readout { min-height: 1.3em; margin: 0.3rem 0 0; font-size: 0.875rem; line-height: 1.3; color: var(--faint); }
.keys { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; margin: 0.5rem 0; font-size: 0.875rem; }
.key { display: inline-flex; align-items: center; gap: 0.4rem; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
caption { color: var(--faint); text-align: left; padding-bottom: 0.4rem; }
th, td { padding: 0.2rem 1.1rem 0.2rem 0; text-align: right; vertical-align: top; }
th:last-child, td:last-child { padding-right: 0.2rem; }
th { border-bottom: 1px solid var(--faint); vertical-align: bottom; font-weight: 600; max-width: 10rem; }
td { white-space: nowrap; }
.plain td { white-space: normal; }
th.text, td.text { text-align: left; }
tr.first td { border-top: 1px solid var(--line); padding-top: 0.35rem; }
.sorted tr.first td { border-top: 0; padding-top: 0.2rem; }
button.sort {
  font: inherit; font-weight: 600; color: inherit; background: none; border: 0; padding: 0; margin: 0;
  text-align: inherit; cursor: pointer;
}
button.sort:hover { text-decoration: underline; }
th[aria-sort="ascending"] button::after { content: " ▲"; }
th[aria-sort="descending"] button::after { content: " ▼"; }

dl { margin: 0 0 1rem; }
dl div { display: grid; grid-template-columns: 11rem 1fr; gap: 0.2rem 1rem; padding: 0.15rem 0; }
dt { color: var(--faint); overflow-wrap: anywhere; }
dd { margin: 0; overflow-wrap: anywhere; }
pre {
  margin: 0 0 0.8rem; padding: 0.7rem 0.9rem; overflow: auto; max-height: 32rem;
  background: var(--raised); border: 1px solid var(--line); border-radius: 6px;
}
code, pre { font: 0.85rem/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
td code { white-space: nowrap; }
details { border-top: 1px solid var(--line); margin-top: 1.5rem; }
summary { cursor: pointer; }
summary h2 { display: inline-block; margin: 0.8rem 0; }
footer { padding-top: 1.5rem; padding-bottom: 2rem; }
@media (max-width: 36rem) {
  dl div { grid-template-columns: 1fr; gap: 0; padding: 0.3rem 0; }
  h1 { font-size: 1.35rem; }
  .controls { gap: 0.45rem 0.9rem; }
  .tip { display: none; }
  .readout { min-height: 3.9em; }
  .plain { min-width: 36rem; }
}
@media print {
  .controls, .lists, nav, .readout { display: none; }
  pre { border-color: #cccccc; max-height: none; }
  tr { break-inside: avoid; }
}
`;
