"""How the report's page looks, on a screen and on A4, and the policy that lets it load and run nothing."""

import base64
import hashlib

STYLE = """
:root { color-scheme: light; }
body { font: 14px/1.45 system-ui, sans-serif; color: #1c1c1c; background: #fff; margin: 0; }
main { max-width: 1180px; margin: 0 auto; padding: 24px; }
h1 { font-size: 24px; margin: 0 0 4px; }
h2 { font-size: 17px; margin: 26px 0 8px; border-bottom: 1px solid #767676; padding-bottom: 3px; }
h3 { font-size: 14px; margin: 12px 0 4px; }
p { margin: 4px 0; max-width: 95ch; }
p.outcome { font-size: 16px; }
table { border-collapse: collapse; width: 100%; margin-bottom: 8px; }
caption { text-align: left; color: #4a4a4a; padding-bottom: 4px; }
th, td { border: 1px solid #9a9a9a; padding: 4px 7px; text-align: left; vertical-align: top; }
thead th, tr.common th, tr.common td { background: #f1f1f1; }
tbody th { font-weight: 600; }
table.narrow { width: auto; }
table.harbor { table-layout: fixed; }
table.harbor th, table.harbor td { overflow-wrap: break-word; }
table.harbor th:nth-child(1) { width: 19%; }
table.harbor th:nth-child(5), table.harbor th:nth-child(6) { width: 6%; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 0; }
dl.facts dt { color: #4a4a4a; }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
div.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 32px; }
ul, ol { margin: 0; padding-left: 20px; }
td ul, ul.places { list-style: none; padding: 0; }
td li + li { margin-top: 4px; }
ul.places { columns: 30em; column-gap: 28px; font-size: 12px; }
ul.places li { overflow-wrap: anywhere; padding-left: 12px; text-indent: -12px; }
code, pre { font: 12px/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; margin: 6px 0; padding: 6px 8px; background: #f1f1f1; }
a { color: #0b3d91; }
.letter { display: inline-block; min-width: 1.6em; font-weight: 700; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
@page { size: A4 landscape; margin: 12mm 12mm 14mm;
  @bottom-right { content: counter(page) " / " counter(pages); } }
@media print {
  body { font-size: 9pt; }
  main { max-width: none; padding: 0; }
  h1 { font-size: 16pt; }
  h2 { font-size: 12pt; margin: 14px 0 6px; }
  p.outcome { font-size: 11pt; }
  code, pre, ul.places { font-size: 8pt; }
  tr, ol li, pre, dl.facts { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  a { color: inherit; text-decoration: none; }
}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What a server should send with the page: nothing may be loaded, nothing may run."""
