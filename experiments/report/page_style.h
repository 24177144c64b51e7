// The report page's style sheet, light and dark.
#pragma once

namespace separatrix {

inline constexpr char page_style[] = R"css(
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1f24; --soft: #5c6670; --line: #dde1e6; --grid: #d9d9d9;
  --panel: #f6f7f9; --yes: #00684a; --yes-back: #d8f2e8; --no: #9a3b00; --no-back: #fde6d8; --link: #0059a8; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a; --ink: #e6e8ea; --soft: #9aa4ae; --line: #2e343a; --grid: #30363c;
  --panel: #1c2024; --yes: #7fdcb8; --yes-back: #103c2e; --no: #ffb38a; --no-back: #4a2410; --link: #7cb8f2; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 80px; }
h1 { font-size: 2.1rem; margin: 0; letter-spacing: -0.02em; }
h2 { font-size: 1.3rem; margin: 48px 0 14px; padding-top: 14px; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0 0 8px; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
.lead { color: var(--soft); font-size: 1.1rem; margin: 6px 0 0; max-width: 46em; }
.note, figcaption { color: var(--soft); font-size: 0.88rem; max-width: 62em; }
small { color: var(--soft); font-size: 0.8em; }
figure { margin: 20px 0 30px; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 16px; }
.verdicts { background: var(--panel); border-radius: 10px; padding: 16px 18px; }
.verdicts ul { list-style: none; margin: 0; padding: 0; }
.verdicts li { display: flex; gap: 12px; padding: 7px 0; font-size: 0.93rem; line-height: 1.35; }
.verdicts small { display: block; font-variant-numeric: tabular-nums; }
.mark { display: inline-block; flex: none; align-self: flex-start; min-width: 2.6em; text-align: center; border-radius: 6px; padding: 1px 7px;
  font-size: 0.8rem; font-weight: 600; }
.yes { color: var(--yes); background: var(--yes-back); } .no { color: var(--no); background: var(--no-back); }
.table { overflow-x: auto; }
.table figcaption { color: var(--ink); font-weight: 600; font-size: 0.95rem; margin-bottom: 8px; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; border-bottom: 2px solid var(--line); padding: 7px 12px 7px 0; vertical-align: bottom; }
td { border-bottom: 1px solid var(--line); padding: 7px 12px 7px 0; vertical-align: top; overflow-wrap: anywhere; }
td small { display: block; white-space: nowrap; } td small.words { white-space: normal; }
.plot svg { width: 100%; height: auto; display: block; }
.plot svg g[fill="rgb(0,0,0)"], .plot svg g[fill="black"] { fill: var(--ink); }
.plot svg .gridline { stroke: var(--grid); }
.files a { margin-right: 0.7em; white-space: nowrap; font-size: 0.88rem; }
.facts { padding-left: 1.2em; } .facts li { margin: 3px 0; }
@media print { :root { color-scheme: light; } main { max-width: none; } }
)css";

}  // namespace separatrix
