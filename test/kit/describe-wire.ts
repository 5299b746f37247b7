/** One answer under fixed keys and salts, as text: everything but the quote is the same octets every time. */
import { digestUri } from '../../src/core/crypto/index.ts'
import { encodeHex } from '../../src/core/encoding/bytes.ts'
import { decodeUtf8, encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { statementReportData } from '../../src/core/evidence/statement.ts'
import { createEntry, hashLeaf } from '../../src/core/log/index.ts'
import { receiptEntry } from '../../src/core/receipt/receipt.ts'
import type { SimulatedSnp } from '../../src/simulator/index.ts'
import { issueAnswer } from './issue-answer.ts'

export interface WireDescription {
  readonly session: string
  readonly sessionDigest: string
  readonly statement: string
  readonly reportData: string
  readonly receipt: string
  readonly entry: string
  readonly leafHash: string
  readonly proof: string
  readonly request: string
  readonly response: string
}

export function describeWire(snp: SimulatedSnp): WireDescription {
  const splices = [{ at: 9, remove: 6, insert: encodeUtf8('"other"'), role: 'model' }]
  const before = ['genesis', 'a', 'b'].map((name, i) => createEntry(i === 0 ? 'genesis' : 'receipt', encodeUtf8(name)))
  const { archive, request, response } = issueAnswer(snp, {
    splices,
    before,
    after: [createEntry('nonce', encodeUtf8('n'))],
  })
  const entry = receiptEntry(archive.receipt.split('~')[0] ?? '')
  return {
    session: decodeUtf8(archive.session),
    sessionDigest: digestUri(archive.session),
    statement: decodeUtf8(archive.statement),
    reportData: encodeHex(statementReportData(archive.statement)),
    receipt: archive.receipt,
    entry: encodeHex(entry),
    leafHash: encodeHex(hashLeaf(entry)),
    proof: archive.proof,
    request: decodeUtf8(request),
    response: decodeUtf8(response),
  }
}
