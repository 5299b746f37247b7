/** EFI variables as firmware measures them: UEFI_VARIABLE_DATA (TCG PFP 1.05, 10.2.6) and load options (UEFI 2.10, 3.1.3). @module */
import { concatBytes } from '../../encoding/bytes.ts'
import { Writer } from '../../encoding/writer.ts'
import { encodeGuid } from '../ovmf/guid.ts'

export interface EfiVariableName {
  /** Lower case. */
  readonly vendor: string
  readonly name: string
}

const GUID_SIZE = 16
const MEDIA = 4
const FIRMWARE_FILE = 6
const FIRMWARE_VOLUME = 7
const END: Uint8Array = Uint8Array.of(0x7f, 0xff, 4, 0)

/** UTF-16LE, without a final NUL. */
export function encodeUtf16(text: string): Uint8Array {
  const w = new Writer(2 * text.length)
  for (let i = 0; i < text.length; i++) w.u16le(text.charCodeAt(i))
  return w.finish()
}

/** Vendor GUID 16 | letters of the name u64 | octets of the content u64 | name | content. */
export function encodeEfiVariable({ vendor, name }: EfiVariableName, content: Uint8Array): Uint8Array {
  const letters = encodeUtf16(name)
  const w = new Writer(GUID_SIZE + 16 + letters.length + content.length)
  w.bytes(encodeGuid(vendor)).u64le(BigInt(name.length)).u64le(BigInt(content.length))
  return w.bytes(letters).bytes(content).finish()
}

/** A program inside the firmware. */
export interface FirmwareApplication {
  readonly attributes: number
  readonly description: string
  readonly volume: string
  readonly file: string
}

/** The content of a variable Boot####: attributes u32 | size of the path u16 | description with NUL | path. */
export function encodeLoadOption({ attributes, description, volume, file }: FirmwareApplication): Uint8Array {
  const path = concatBytes(pathNode(FIRMWARE_VOLUME, volume), pathNode(FIRMWARE_FILE, file), END)
  const letters = encodeUtf16(`${description}\0`)
  const w = new Writer(6 + letters.length + path.length)
  return w.u32le(attributes).u16le(path.length).bytes(letters).bytes(path).finish()
}

function pathNode(subtype: number, guid: string): Uint8Array {
  return new Writer(4 + GUID_SIZE)
    .u8(MEDIA)
    .u8(subtype)
    .u16le(4 + GUID_SIZE)
    .bytes(encodeGuid(guid))
    .finish()
}
