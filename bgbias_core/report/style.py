"""How a report looks and what its page does: on light and dark screens, on a telephone and on paper."""

from __future__ import annotations

PAPER_WIDTH = 860
"""Width in pixels at which a figure is drawn for A4; the page shows it at 78% of that."""

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #FBF9F4; --raised: #F3F0E7; --ink: #1E2A26; --quiet: #5A665F; --rule: #D5D1C3; --accent: #0B6152;
  --right: #0B4F44; --wrong: #8F3D0F;
  --unmasked: #D55E00; --early: #009E73; --late: #4C8CC4;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #121815; --raised: #1D2622; --ink: #E6ECE7; --quiet: #A3B0A8; --rule: #35423C; --accent: #6FCDB9;
    --right: #9ADCCB; --wrong: #EE9C5C;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 1120px; padding: 2.5rem clamp(1rem, 4vw, 2.5rem) 5rem; background: var(--ground);
  color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
  overflow-wrap: break-word;
}
h1, h2, h3, h4 { line-height: 1.2; margin: 0; }
h1 { font-size: clamp(1.7rem, 4vw, 2.4rem); letter-spacing: -0.01em; }
h2 { font-size: 1.5rem; margin: 3.5rem 0 0.9rem; padding-top: 0.9rem; border-top: 2px solid var(--ink); }
h3 { font-size: 1.08rem; margin: 2rem 0 0.3rem; }
p { margin: 0 0 0.8rem; max-width: 46rem; }
a { color: var(--accent); }
small, .quiet { color: var(--quiet); }
small { font-size: 0.8em; }
.kind { margin: 0 0 0.4rem; color: var(--accent); font-weight: 600; }
.facts {
  display: flex; flex-wrap: wrap; gap: 0.2rem 1.4rem; margin: 0.8rem 0 0; padding: 0; list-style: none; color:
  var(--quiet);
}
nav { margin: 1.6rem 0 0; display: flex; flex-wrap: wrap; gap: 0.3rem 1.1rem; }
.finding {
  margin: 1.8rem 0 0; padding: 1.3rem 1.5rem; border-left: 5px solid var(--accent); background: var(--raised);
}
.finding h2 { margin: 0 0 0.5rem; padding: 0; border: 0; font-size: 1.15rem; }
.finding p { margin: 0.5rem 0 0; max-width: 60rem; font-size: 1.05rem; }
.finding p:last-child { color: var(--quiet); font-size: 0.95rem; }

.scroll { overflow-x: auto; scrollbar-width: thin; margin: 0.9rem 0; }
table {
  border-collapse: collapse; width: 100%; font-size: 0.85rem; line-height: 1.3; font-variant-numeric:
  tabular-nums;
}
caption { text-align: left; color: var(--quiet); padding-bottom: 0.4rem; }
th, td {
  padding: 0.45rem 0.8rem 0.45rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid
  var(--rule); font-weight: 400;
}
thead th { font-weight: 600; vertical-align: bottom; border-bottom: 2px solid var(--rule); }
tbody th { font-weight: 600; }
th small, td small { display: block; font-weight: 400; }
td strong { white-space: nowrap; }
.wide th[scope=row] { position: sticky; left: 0; background: var(--ground); min-width: 9.5rem; }
.wide td, .wide thead th { min-width: 5.4rem; }
.many { font-size: 0.78rem; }
.many td, .many thead th { min-width: 4.4rem; padding-right: 0.4rem; }
.measure { margin: 0 0 2.2rem; }
.measure td:nth-child(2) { width: 40%; }
.measure td:nth-child(3) { width: 32%; color: var(--quiet); font-size: 0.8rem; }
.bar {
  display: block; position: relative; height: 0.5rem; margin: 0.35rem 0 0.1rem; border-radius: 0.25rem;
  background: var(--raised); outline: 1px solid var(--rule);
}
.bar i, .bar b { position: absolute; top: 0; bottom: 0; border-radius: 0.25rem; background: var(--strategy); }
.bar i { opacity: 0.5; min-width: 2px; }
.bar b { width: 4px; margin-left: -2px; top: -0.15rem; bottom: -0.15rem; }
.bar u { position: absolute; top: -0.15rem; bottom: -0.15rem; width: 1px; background: var(--quiet); }
.unmasked { --strategy: var(--unmasked); } .early { --strategy: var(--early); } .late { --strategy: var(--late); }
.dot {
  display: inline-block; width: 0.62em; height: 0.62em; margin-right: 0.4em; border-radius: 50%; background:
  var(--strategy);
}
.absent { margin: 0.3rem 0 0; padding: 0; list-style: none; color: var(--quiet); font-size: 0.8rem; }

figure { margin: 1rem 0; }
figcaption { color: var(--quiet); font-size: 0.85rem; margin-top: 0.3rem; max-width: 46rem; }
.plot { width: 100%; min-height: 12rem; }
.plot :is(.xtick, .ytick, .legendtext, .g-xtitle, .g-ytitle, .cbaxis) text, .plot text.legendtext {
  fill: var(--ink) !important;
}
details { margin: 0.8rem 0; }
.on-paper { display: none; }
summary { cursor: pointer; color: var(--accent); }

.sample { margin: 0 0 2rem; }
.pictures {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 1rem; margin: 0.6rem 0 0;
  padding: 0; list-style: none;
}
.pictures li { font-size: 0.82rem; line-height: 1.35; }
.pictures img {
  display: block; width: 100%; aspect-ratio: 1; object-fit: contain; background: var(--raised); border-radius:
  0.4rem; margin-bottom: 0.4rem;
}
.pictures .gone {
  display: grid; place-items: center; aspect-ratio: 1; padding: 0.7rem; margin-bottom: 0.4rem; border-radius:
  0.4rem; background: var(--raised); color: var(--quiet); font-size: 0.74rem; overflow: auto; text-align:
  center;
}
.pictures span { display: block; margin-top: 0.2rem; }
.all { color: var(--right); } .some { color: var(--wrong); }

dl { margin: 0.8rem 0; }
dt { font-weight: 600; margin-top: 0.9rem; }
dd { margin: 0.1rem 0 0; max-width: 46rem; }
pre {
  overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; padding: 0.8rem 1rem; background:
  var(--raised); font: 0.82rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace;
}
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 0.9em; overflow-wrap: anywhere; }

@media (max-width: 640px) {
  body { padding-top: 1.5rem; }
  .finding { padding: 1rem 1.1rem; }
  .measure thead { display: none; }
  .measure tr { display: block; padding: 0.5rem 0; border-bottom: 1px solid var(--rule); }
  .measure th, .measure td, .measure td:nth-child(n) { display: block; width: auto; border: 0; padding: 0.1rem 0; }
  .wide th[scope=row] { min-width: 7.5rem; max-width: 7.5rem; }
  .pictures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@page { size: A4; margin: 15mm 14mm; }
@media print {
  :root { color-scheme: light; --ground: #FFFFFF; --raised: #F3F3F0; }
  html { font-size: 12.5px; }
  body { max-width: none; padding: 0; font-size: 1rem; }
  nav, details { display: none; }
  .on-paper { display: block; }
  h2 { margin-top: 9mm; }
  h2, h3, h4, .lead, caption { break-after: avoid; }
  section:not(.finding) > h2 + p, h3 + p { break-after: avoid; }
  p, figure, .plot, table, tr, li, dt, dd, .finding, .measure, .together { break-inside: avoid; }
  dt { break-after: avoid; }
  .plot { zoom: 0.78; }
  .scroll { overflow: visible; }
  table { font-size: 7.6pt; }
  table.many { font-size: 6.6pt; }
  th, td { padding: 0.8mm 2mm 0.8mm 0; }
  .measure { margin-bottom: 5mm; }
  .measure td:nth-child(n) { font-size: 7.2pt; }
  .bar { height: 1.2mm; margin: 0.8mm 0 0.4mm; }
  .many th, .many td { padding-right: 1mm; }
  .wide th[scope=row], .wide td, .wide thead th { min-width: 0; position: static; }
  .pictures { grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 3mm; }
  .pictures li { font-size: 7pt; }
  a { color: inherit; text-decoration: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
""".strip()

SCRIPT = f"""
(() => {{
  const plots = [...document.querySelectorAll(".plot")];
  const ink = () => getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
  for (const plot of plots) {{
    const drawn = JSON.parse(document.getElementById(plot.dataset.figure).textContent);
    drawn.layout.font = {{...drawn.layout.font, color: ink()}};
    Plotly.newPlot(plot, drawn.data, drawn.layout, {{responsive: true, displayModeBar: false}});
  }}
  const again = layout => plots.forEach(plot => Plotly.relayout(plot, layout));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => again({{"font.color": ink()}}));
  addEventListener("beforeprint", () => again({{"font.color": "#1E2A26", autosize: false, width: {PAPER_WIDTH}}}));
  addEventListener("afterprint", () => again({{"font.color": ink(), autosize: true, width: null}}));
}})();
""".strip()
