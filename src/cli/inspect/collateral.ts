/** Intel's TCB info and QE identity in summary: which platform, which dates, which levels. @module */
import { encodeHex } from '../../core/encoding/bytes.ts'
import {
  decodePcsDocument,
  decodeQeIdentity,
  decodeTcbInfo,
  type QeIdentity,
  type TcbInfo,
} from '../../core/tdx/index.ts'
import { MalformedError } from '../../errors.ts'
import { decodeStoredCollateral } from '../evidence/stored-collateral.ts'
import { certificateItem, inspectCrl, text } from './certificates.ts'
import { faultText, type Inspection, type Item } from './item.ts'

export function inspectTcbInfo(octets: Uint8Array): Inspection {
  return malformedOr('TCB info', () => {
    const info = decodeTcbInfo(bodyOf(octets, 'tcbInfo'))
    return { title: `Intel's TCB info of FMSPC ${info.fmspc}`, items: tcbInfoItems(info) }
  })
}

export function inspectQeIdentity(octets: Uint8Array): Inspection {
  return malformedOr('QE identity', () => {
    const identity = decodeQeIdentity(bodyOf(octets, 'enclaveIdentity'))
    return { title: "Intel's identity of the TD quoting enclave", items: qeIdentityItems(identity) }
  })
}

export function inspectStoredCollateral(octets: Uint8Array): Inspection {
  return malformedOr('TDX collateral', () => {
    const { tcbInfo, qeIdentity, pckCrl, rootCaCrl } = decodeStoredCollateral(octets)
    const items: readonly Item[] = [
      { name: 'TCB info', items: [...tcbInfoItems(decodeTcbInfo(tcbInfo.body)), ...chainItems(tcbInfo.issuerChain)] },
      {
        name: 'QE identity',
        items: [...qeIdentityItems(decodeQeIdentity(qeIdentity.body)), ...chainItems(qeIdentity.issuerChain)],
      },
      { name: 'PCK revocation list', items: inspectCrl(pckCrl).items },
      { name: 'revocation list of the root', items: inspectCrl(rootCaCrl).items },
    ]
    return { title: 'stored TDX collateral', items }
  })
}

/** The response of Intel's service, or the octets in it that are signed. */
function bodyOf(octets: Uint8Array, member: 'tcbInfo' | 'enclaveIdentity'): Uint8Array {
  const head = new TextDecoder('latin1').decode(octets.subarray(0, 1024))
  return head.includes(`"${member}"`) ? decodePcsDocument(octets, member).body : octets
}

function malformedOr(what: string, read: () => Inspection): Inspection {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return { title: `${what}, malformed`, items: [], fault: faultText(error) }
  }
}

function datesOf({ issueDate, nextUpdate, evaluationDataNumber }: TcbInfo | QeIdentity): readonly Item[] {
  return [
    text('issued', issueDate.toISOString()),
    text('next update', nextUpdate.toISOString()),
    text('evaluation data number', String(evaluationDataNumber)),
  ]
}

interface Level {
  readonly status: string
  readonly tcbDate: Date
  readonly advisoryIds: readonly string[]
}

function levelItem(name: string, { status, tcbDate, advisoryIds }: Level): Item {
  return text(name, [`${status} of ${tcbDate.toISOString().slice(0, 10)}`, ...advisoryIds].join(', '))
}

function tcbInfoItems(info: TcbInfo): readonly Item[] {
  return [
    text('FMSPC', info.fmspc),
    text('PCE ID', info.pceId),
    ...datesOf(info),
    text('module signer', encodeHex(info.module.mrSigner)),
    ...info.moduleIdentities.map(({ id, levels }): Item => {
      return { name: `module ${id}`, items: levels.map((level) => levelItem(`SVN ${level.tcb}`, level)) }
    }),
    {
      name: 'levels',
      value: String(info.levels.length),
      items: info.levels.map((level) => {
        const { sgxComponents, pceSvn, tdxComponents } = level.tcb
        return levelItem(`SGX ${sgxComponents.join('.')} PCE ${pceSvn} TDX ${tdxComponents.join('.')}`, level)
      }),
    },
  ]
}

function qeIdentityItems(identity: QeIdentity): readonly Item[] {
  return [
    ...datesOf(identity),
    text('MRSIGNER', encodeHex(identity.mrSigner)),
    text('ISVPRODID', String(identity.isvProdId)),
    text('attributes', `${encodeHex(identity.attributes)} mask ${encodeHex(identity.attributesMask)}`),
    text('MISCSELECT', `${encodeHex(identity.miscSelect)} mask ${encodeHex(identity.miscSelectMask)}`),
    ...identity.levels.map((level) => levelItem(`SVN ${level.tcb}`, level)),
  ]
}

function chainItems(chain: readonly Uint8Array[]): readonly Item[] {
  return chain.map((der, at) => certificateItem(`issuer ${at}`, der))
}
