/** A Nitro security module in software, as the device before it answers: registers, locks and documents of the simulator. */
import { createHash } from 'node:crypto'
import { type CborMap, type CborValue, decodeCbor, isCborMap } from '../../src/core/encoding/cbor.ts'
import { encodeCbor } from '../../src/core/encoding/cbor-encode.ts'
import type { NsmDevice } from '../../src/quoter/index.ts'
import { createSimulatedNitro, type SimulatedNitro } from '../../src/simulator/index.ts'

const answer = (name: string, fields: readonly (readonly [string, CborValue])[]): Uint8Array =>
  encodeCbor(new Map([[name, new Map(fields)]]))
export const nsmError = (error: string): Uint8Array => encodeCbor(new Map([['Error', error]]))

export class FakeNsm implements NsmDevice {
  readonly pcrs: Map<number, Uint8Array> = new Map()
  readonly locked: Set<number> = new Set()
  readonly requests: CborValue[] = []
  /** Takes the place of the next answers. */
  readonly scripted: Uint8Array[] = []
  readonly nitro: SimulatedNitro = createSimulatedNitro({ latencyMs: 0 })
  digest = 'SHA384'
  hangs = false
  abandoned = 0
  #release: (reason: Error) => void = () => {}

  async exchange(request: Uint8Array): Promise<Uint8Array> {
    if (this.hangs)
      return new Promise((_, reject) => {
        this.#release = reject
      })
    const value = decodeCbor(request)
    this.requests.push(value)
    return this.scripted.shift() ?? this.#answer(value)
  }

  abandon(): void {
    this.abandoned += 1
    this.hangs = false
    this.#release(new Error('the call was given up'))
  }

  #answer(value: CborValue): Uint8Array {
    if (value === 'DescribeNSM')
      return answer('DescribeNSM', [
        ['version_major', 1],
        ['version_minor', 0],
        ['version_patch', 0],
        ['module_id', 'i-0123456789abcdef0-enc0123456789abcdef'],
        ['max_pcrs', 32],
        ['locked_pcrs', [...this.locked]],
        ['digest', this.digest],
      ])
    if (value === 'GetRandom') return answer('GetRandom', [['random', new Uint8Array(256).fill(7)]])
    if (value === null || typeof value !== 'object' || value instanceof Uint8Array || !isCborMap(value))
      return nsmError('InvalidOperation')
    const [[name, fields] = ['', null]] = [...value]
    if (fields === null || typeof fields !== 'object' || fields instanceof Uint8Array || !isCborMap(fields))
      return nsmError('InvalidArgument')
    return this.#act(String(name), fields)
  }

  #act(name: string, fields: CborMap): Uint8Array {
    const index = Number(fields.get('index'))
    const held = this.pcrs.get(index) ?? new Uint8Array(48)
    const octets = fields.get('data')
    switch (name) {
      case 'DescribePCR':
        return answer('DescribePCR', [
          ['lock', this.locked.has(index)],
          ['data', held],
        ])
      case 'ExtendPCR': {
        if (this.locked.has(index)) return nsmError('ReadOnlyIndex')
        if (!(octets instanceof Uint8Array)) return nsmError('InvalidArgument')
        const next = new Uint8Array(createHash('sha384').update(held).update(octets).digest())
        this.pcrs.set(index, next)
        return answer('ExtendPCR', [['data', next]])
      }
      case 'LockPCR':
        this.locked.add(index)
        return encodeCbor('LockPCR')
      case 'Attestation': {
        const userData = fields.get('user_data')
        if (!(userData instanceof Uint8Array)) return nsmError('InvalidArgument')
        const pcrs = new Map([...this.#bootRegisters(), ...this.#lockedRegisters()])
        return answer('Attestation', [['document', this.nitro.document(userData, { pcrs })]])
      }
      default:
        return nsmError('InvalidOperation')
    }
  }

  #bootRegisters(): readonly (readonly [number, Uint8Array])[] {
    return Array.from(
      { length: 16 },
      (_, index) => [index, new Uint8Array(48).fill(index < 3 ? index + 1 : 0)] as const,
    )
  }

  /** Registers that are not locked are in no document. */
  #lockedRegisters(): readonly (readonly [number, Uint8Array])[] {
    return [...this.locked].map((index) => [index, this.pcrs.get(index) ?? new Uint8Array(48)] as const)
  }
}
