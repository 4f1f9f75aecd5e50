/** The look of a report: the tokens of the interface in both themes, chosen by the system of the reader. */

/** Declarations of one theme in the text of tokens.css. @throws Error when it is not there */
export function themeTokens(tokens: string, theme: 'dark' | 'light'): string {
  const found = new RegExp(`\\[data-theme='${theme}'\\]\\s*\\{([^}]*)\\}`).exec(tokens);
  if (!found) throw new Error(`tokens.css has no theme '${theme}'`);
  return found[1]
    .replace(/\/\*[^*]*\*\//g, '')
    .replace(/\s*\n\s*/g, ' ')
    .trim();
}

/** @param tokens the text of styles/tokens.css */
export function reportStyle(tokens: string): string {
  const [light, dark] = [themeTokens(tokens, 'light'), themeTokens(tokens, 'dark')];
  return `:root{${light}}
@media screen and (prefers-color-scheme:dark){:root{${dark}}}
*{box-sizing:border-box}
body{max-width:1080px;margin:0 auto;padding:32px 24px 48px;background:var(--canvas);color:var(--text);font:400 14px/21px Inter,system-ui,'Segoe UI','Helvetica Neue',sans-serif}
h1{margin:0;font-size:24px;line-height:32px;font-weight:600;letter-spacing:-.01em}
h2{margin:0 0 8px;font-size:15px;line-height:24px;font-weight:600}
h3{margin:16px 0 4px;font-size:13px;line-height:20px;font-weight:600}
p{margin:4px 0;color:var(--text-2)}
section{margin-top:16px;padding:16px 20px;border:1px solid var(--line);border-radius:8px;background:var(--panel);break-inside:avoid}
section.long{break-inside:auto}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:13px;line-height:20px;font-variant-numeric:tabular-nums}
caption{padding-bottom:4px;color:var(--text-2);text-align:left}
th,td{padding:3px 12px 3px 0;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th{color:var(--text-2);font-weight:500}
th:first-child,td:first-child,.left{text-align:left}
th:last-child,td:last-child{padding-right:0}
tr:last-child>*{border-bottom:0}
tbody th{color:var(--text);font-weight:400}
.quiet{color:var(--text-3)}
.mark{width:11px;height:11px;margin-right:6px;vertical-align:-1px}
.strips{table-layout:fixed;border-collapse:separate;border-spacing:2px}
.strips th,.strips td{padding:0;border:0;text-align:center}
.strips th:first-child{padding-right:10px;text-align:left}
.strips th:first-child{width:68px}
.strips th:last-child{width:56px;text-align:right}
.strips thead th{color:var(--text-3);font-size:12px}
.strips td.average{padding-left:8px;color:var(--text-2);text-align:right}
.bit{display:block;min-width:20px;height:22px;border-radius:2px;font:500 12px/22px Inter,system-ui,sans-serif;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.same{box-shadow:inset 0 0 0 1px var(--line-strong);color:var(--text-3)}
.gap{background:repeating-linear-gradient(135deg,var(--line) 0 2px,transparent 2px 6px)}
${[2, 3, 4, 5, 6, 7, 8].map((bits) => `.b${bits}{background:var(--bit-${bits});color:var(--bit-${bits}-ink)}`).join('\n')}
.cost{display:grid;grid-template-columns:56px minmax(0,1fr) 100px;align-items:center}
.cost>:last-child{text-align:right;font-variant-numeric:tabular-nums}
.bars{display:block;width:100%;height:auto}
.better{color:var(--ok)}
.worse{color:var(--warn)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 20px;margin:8px 0 0}
dt{color:var(--text-2)}
dd{margin:0;overflow-wrap:anywhere}
code,pre{font:400 12px/18px 'JetBrains Mono',ui-monospace,Consolas,monospace}
pre{margin:8px 0;padding:10px 12px;border:1px solid var(--line);border-radius:5px;background:var(--canvas);white-space:pre-wrap;overflow-wrap:anywhere}
details{margin-top:8px}
summary{color:var(--text-2);cursor:default}
footer{margin-top:20px;color:var(--text-3);font-size:12px}
@media print{body{max-width:none;padding:0;background:none}section{background:none}}
`;
}
