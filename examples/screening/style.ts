/** The report's style sheet. */
export const style: string = `
:root { color-scheme: light; --ink: #1b2430; --quiet: #56606d; --line: #dfe4ea; --paper: #ffffff; --ground: #f5f7f9; --main: #1f6f8b; --hit: #b45309; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
header.page, main, footer { max-width: 1200px; margin: 0 auto; padding: 0 24px; }
header.page { padding-top: 40px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 21px; margin: 44px 0 4px; }
p { margin: 0 0 16px; color: var(--quiet); }
.numbers { display: flex; flex-wrap: wrap; gap: 12px 48px; margin: 24px 0 0; }
.numbers div { display: flex; flex-direction: column-reverse; }
.numbers dd { margin: 0; font-size: 28px; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.2; }
.numbers dt { color: var(--quiet); font-size: 14px; }
.cards { list-style: none; margin: 0; padding: 0; display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(265px, 1fr)); }
article { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; height: 100%; display: flex; flex-direction: column; overflow: hidden; }
article header { display: flex; align-items: baseline; gap: 8px; padding: 12px 14px 0; min-height: 58px; }
article h3 { font-size: 15px; line-height: 1.35; margin: 0; flex: 1; font-weight: 600; }
.place { color: var(--quiet); font-variant-numeric: tabular-nums; font-size: 14px; min-width: 1.2em; }
.score { font-variant-numeric: tabular-nums; font-weight: 650; color: var(--main); }
.picture { display: flex; align-items: center; justify-content: center; height: 216px; padding: 8px; }
.picture svg { max-width: 100%; max-height: 100%; font-family: Arial, "Liberation Sans", sans-serif; }
.picture line { stroke-linecap: round; } .picture polygon { stroke-linejoin: round; }
article dl { margin: 0; padding: 10px 14px; border-top: 1px solid var(--line); font-size: 13px; }
article dl div { display: flex; justify-content: space-between; gap: 12px; }
article dt { color: var(--quiet); }
article dd { margin: 0; font-variant-numeric: tabular-nums; }
article code { padding: 8px 14px 12px; margin-top: auto; font-size: 11.5px; line-height: 1.4; overflow-wrap: anywhere; color: var(--quiet); }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
.histograms { display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); }
figure { margin: 0; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px 4px; }
figcaption { font-weight: 600; font-size: 15px; } figcaption span { color: var(--quiet); font-weight: 400; font-size: 13px; }
figure svg { display: block; width: 100%; height: auto; }
rect.in { fill: var(--main); } rect.out { fill: #c3cdd7; }
.axis { stroke: var(--quiet); stroke-width: 1; fill: none; }
.hits path { stroke: var(--hit); stroke-width: 1.5; stroke-opacity: 0.7; }
.marks text { font-size: 12px; fill: var(--quiet); text-anchor: middle; font-variant-numeric: tabular-nums; }
.marks text:first-child { text-anchor: start; } .marks text:last-child { text-anchor: end; }
.legend { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 8px; font-size: 14px; }
.key { width: 14px; height: 14px; border-radius: 3px; margin-left: 10px; } .key:first-child { margin-left: 0; }
.key.in { background: var(--main); } .key.out { background: #c3cdd7; } .key.hit { width: 3px; background: var(--hit); border-radius: 0; }
table { border-collapse: collapse; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; min-width: min(100%, 560px); font-size: 14px; }
th, td { text-align: left; padding: 7px 14px; border-bottom: 1px solid var(--line); } tbody tr:last-child > * { border-bottom: 0; }
tbody th { font-weight: 400; } thead th { color: var(--quiet); font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
footer { padding-top: 28px; padding-bottom: 40px; font-size: 13px; } footer code { overflow-wrap: anywhere; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media print { body { background: none; } article, figure { break-inside: avoid; } }
`;
