/**
 * How the badge looks. A constructable stylesheet: no inline style, so `style-src 'self'` is enough. States differ by word, sign and form of
 * the border too, because colours may be gone (forced colours) or not be told apart. @module
 */

export const BADGE_STYLE = `
:host { display: block; max-inline-size: 48rem; font: 0.875rem/1.45 system-ui, sans-serif; }
:host([hidden]), [hidden] { display: none !important; }
.badge {
  --ink: #2f3944; --paper: #f2f4f6; --edge: #66727f;
  color: var(--ink); background: var(--paper); border: 1px solid var(--edge); border-inline-start-width: 6px;
  border-radius: 6px; padding: 0.6rem 0.8rem; contain: content;
}
.verified { --ink: #0a4a23; --paper: #e9f6ee; --edge: #1a7f43; }
.simulated { --ink: #5a3200; --paper: #fff2d1; --edge: #a85b00; border: 3px dashed var(--edge); border-inline-start-width: 6px; }
.failed, .no-verdict { --ink: #820d0d; --paper: #fdebeb; --edge: #c02626; border-width: 3px; border-inline-start-width: 12px; }
@media (prefers-color-scheme: dark) {
  .badge { --ink: #cfd7df; --paper: #1d2329; --edge: #8a96a3; }
  .verified { --ink: #a5e8bd; --paper: #0e2818; --edge: #3fae6a; }
  .simulated { --ink: #ffd58a; --paper: #33230a; --edge: #d9902f; }
  .failed, .no-verdict { --ink: #ffb9b9; --paper: #390f12; --edge: #e56a6a; }
}
.headline { font-size: 1rem; font-weight: 700; }
.simulated .headline, .failed .headline, .no-verdict .headline { font-size: 1.15rem; }
.sign { display: inline-block; inline-size: 1.5em; }
.note, .failure, .progress { margin: 0.2rem 0 0; }
.code { font: 0.85em ui-monospace, monospace; font-weight: 700; }
.actions { display: flex; flex-wrap: wrap; column-gap: 0.5rem; }
.upgrade, .save {
  font: inherit; color: inherit; background: transparent; border: 1px solid currentColor; border-radius: 4px;
  margin-block-start: 0.5rem; padding: 0.2rem 0.7rem; text-decoration: none; cursor: pointer;
}
.upgrade[aria-disabled='true'] { opacity: 0.7; cursor: progress; }
:focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }
details { margin-block-start: 0.5rem; }
summary { cursor: pointer; }
.body { max-block-size: 24rem; overflow: auto; }
table { inline-size: 100%; border-collapse: collapse; table-layout: fixed; margin-block: 0.5rem; }
thead th:nth-child(1) { inline-size: 28%; }
thead th:nth-child(2) { inline-size: 16%; }
thead th:nth-child(3) { inline-size: 34%; }
th, td {
  text-align: start; vertical-align: top; padding: 0.2rem 0.4rem; border-block-end: 1px solid var(--edge);
  overflow-wrap: anywhere; overflow: clip;
}
tbody th { font: 0.9em ui-monospace, monospace; }
td { font-size: 0.92em; }
tr.fail, tr.missing { font-weight: 700; }
tr.optional { font-style: italic; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 0.8rem; margin-block: 0.5rem; }
dt { font-weight: 700; }
dd { margin: 0; overflow-wrap: anywhere; overflow: clip; }
.title { font-weight: 700; margin-block: 0.5rem 0.2rem; }
ul { margin: 0; padding-inline-start: 1.2rem; }
@media (forced-colors: active) {
  .badge, .upgrade, .save, th, td { border-color: CanvasText; }
  .failed, .no-verdict { border-style: double; }
}
`
