/** What is checked of each log, with the section that asks for it. @module */

export const LOG_CHECKS = {
  checkpoint: 'formats.md, Log',
  leaves: 'C2SP tlog-tiles',
  root: 'RFC 6962, 2.1',
  genesis: 'formats.md, Log',
  'entry-types': 'formats.md, Log',
  epochs: 'formats.md, Log',
  evidence: 'formats.md, Statement and report data',
  'evidence-log': 'formats.md, Statement and report data',
  'quoted-roots': 'formats.md, The grade quoted',
  sessions: 'formats.md, Session',
  counts: 'formats.md, Statement and report data',
  'statement-order': 'formats.md, Time',
  'quote-leaves': 'formats.md, Log',
  hardware: 'verifying.md',
  'witnessed-roots': 'C2SP tlog-witness',
  cosignatures: 'C2SP tlog-cosignature',
  previous: 'formats.md, Log',
  recovered: 'formats.md, Log',
} as const

export type LogCheck = keyof typeof LOG_CHECKS

export const LOG_CHECK_NAMES: readonly LogCheck[] = [
  'checkpoint',
  'leaves',
  'root',
  'genesis',
  'entry-types',
  'epochs',
  'evidence',
  'evidence-log',
  'quoted-roots',
  'sessions',
  'counts',
  'statement-order',
  'quote-leaves',
  'hardware',
  'witnessed-roots',
  'cosignatures',
  'previous',
  'recovered',
]
