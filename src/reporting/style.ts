// The report's stylesheet: system fonts, one column on a phone, dark where the reader's system is, plain on paper.
// Colours are those of Okabe and Ito, told apart by all common kinds of colour blindness; no meaning hangs on colour alone.

/** CSS of the whole page. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1b1f24; --muted: #57606a; --line: #d8dee4; --faint: #b6c2cf;
  --after: #0072b2; --bad: #c44e00; --third: #007a5e; --good-tint: #e8f3fa; --bad-tint: #fdf0e6; --code: #f0f2f5;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #0e1116; --card: #171b21; --text: #e6e9ed; --muted: #9aa4af; --line: #30363d; --faint: #46505c;
    --after: #56b4e9; --bad: #f0945a; --third: #3fc79f; --good-tint: #12283a; --bad-tint: #33210f; --code: #20262e;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--text); overflow-wrap: break-word;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main, header, footer { max-width: 1060px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 36px; }
h1 { font-size: clamp(1.6rem, 4.5vw, 2.3rem); line-height: 1.15; margin: 2px 0 6px; overflow-wrap: anywhere; letter-spacing: -.01em; }
h2 { font-size: 1.35rem; margin: 44px 0 12px; letter-spacing: -.005em; }
h3 { font-size: 1rem; margin: 0 0 4px; overflow-wrap: anywhere; }
section > h3 { margin: 22px 0 10px; }
p { margin: 0 0 12px; }
.over, .fine, figcaption, caption { color: var(--muted); font-size: .875rem; }
.over { margin: 0; overflow-wrap: anywhere; }
a { color: var(--after); }
nav { margin-top: 20px; display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: .9rem; }
.verdict {
  background: var(--card); border: 1px solid var(--line); border-left: 6px solid var(--muted); border-radius: 10px;
  padding: 20px 24px; margin: 24px 0 16px;
}
.verdict.improved { border-left-color: var(--after); }
.verdict.worse { border-left-color: var(--bad); }
.badge { font-size: 1.5rem; font-weight: 700; margin: 0 0 6px; color: var(--muted); }
.improved .badge, .improved .interval { color: var(--after); }
.worse .badge, .worse .interval { color: var(--bad); }
.lead { font-size: 1.1rem; margin: 0 0 10px; }
.verdict .fine { margin: 8px 0 0; }
.interval { display: block; width: 100%; max-width: 430px; color: var(--muted); }
.interval text { font-size: 12px; fill: var(--muted); }
.tiles { list-style: none; display: grid; grid-template-columns: repeat(auto-fit, minmax(175px, 1fr)); gap: 12px; margin: 0; padding: 0; }
.tiles li, figure, .cards li, .panel { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tiles li { padding: 12px 16px; display: grid; }
.label { color: var(--muted); font-size: .875rem; }
.value { font-size: 1.2rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
.before { color: var(--muted); }
.delta, td { font-variant-numeric: tabular-nums; }
.up { color: var(--after); font-weight: 600; }
.down { color: var(--bad); font-weight: 600; }
.note { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; }
.warnings { border-left: 6px solid var(--bad); padding: 12px 16px 12px 34px; margin: 0 0 16px; }
.plots { margin-top: 16px; display: grid; grid-template-columns: repeat(auto-fit, minmax(min(430px, 100%), 1fr)); gap: 16px; }
figure { margin: 0; padding: 16px 18px; min-width: 0; }
figure > svg { display: block; width: 100%; height: auto; margin: 4px 0; }
.legend { margin: 0; font-size: .875rem; color: var(--muted); display: flex; flex-wrap: wrap; gap: 2px 16px; }
.legend i { display: inline-block; width: 22px; margin-right: 6px; vertical-align: middle; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
caption { text-align: left; padding: 0 0 8px; }
th, td { text-align: left; padding: 5px 14px; border-top: 1px solid var(--line); vertical-align: top; }
tbody th { font-weight: 500; }
.figures td, .figures thead th:not(:first-child) { text-align: right; }
.figures tbody tr:nth-child(-n+4) th { font-weight: 700; }
.facts th { width: 38%; font-weight: 500; overflow-wrap: anywhere; }
.facts td { overflow-wrap: anywhere; }
.columns .facts { font-size: .9rem; } .columns .facts th { width: 52%; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(430px, 100%), 1fr)); gap: 0 20px; align-items: start; }
.cards { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(min(430px, 100%), 1fr)); gap: 14px; }
.cards li { padding: 14px 18px; min-width: 0; }
.question { font-weight: 650; margin: 0 0 4px; overflow-wrap: anywhere; }
.ranks { margin: 0 0 8px; font-size: .9rem; color: var(--muted); }
.ranks b { color: var(--text); }
dl { margin: 0; font-size: .93rem; }
dt { color: var(--muted); font-size: .8rem; margin-top: 8px; }
dd { margin: 0; overflow-wrap: anywhere; }
dd[dir] { white-space: pre-line; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; overflow-x: auto; font: .84rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; margin: 0 0 16px; }
footer { padding-top: 36px; padding-bottom: 48px; color: var(--muted); font-size: .875rem; }
.skip { position: absolute; left: -9999px; }
.skip:focus { left: 12px; top: 12px; background: var(--card); padding: 6px 10px; }
@media (max-width: 560px) {
  main, header, footer { padding-left: 14px; padding-right: 14px; }
  .tiles { grid-template-columns: 1fr 1fr; } .tiles li { padding: 10px 12px; } .value { font-size: 1.05rem; }
  th, td { padding: 5px 6px; } .figures { font-size: .82rem; } .figures thead .fine { display: none; }
  figure { padding: 12px; } .verdict { padding: 16px; }
}
@media print {
  body { background: #fff; font-size: 11pt; } main, header, footer { max-width: none; padding: 0; } nav, .skip { display: none; }
  .plots, .cards, .columns { grid-template-columns: 1fr 1fr; gap: 10px; } .tiles { grid-template-columns: repeat(5, 1fr); }
  .tiles li { padding: 8px 10px; } .value { font-size: 1rem; } figure, .cards li { padding: 10px 12px; }
  h2 { margin: 24px 0 8px; } th, td { padding-top: 3px; padding-bottom: 3px; }
  figure, .cards li, .verdict, tr, pre { break-inside: avoid; } h2, h3 { break-after: avoid; }
  pre { white-space: pre-wrap; }
}
`;
