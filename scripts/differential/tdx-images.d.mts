export interface SectionParameters {
  readonly dataOffset: number
  readonly rawSize: number
  readonly address: number
  readonly memorySize: number
  readonly type: number
  readonly attributes: number
}

export interface FirmwareParameters {
  readonly seed?: number
  readonly sections?: readonly SectionParameters[]
  readonly signature?: string
  readonly version?: number
  readonly count?: number
  readonly length?: number
  readonly distance?: number
  readonly size?: number
  readonly entry?: boolean
}

export interface KernelParameters {
  readonly seed?: number
  readonly sizes?: readonly number[]
  readonly certificates?: number
  readonly headers?: number
  readonly version?: number
  readonly loadFlags?: number
  readonly xLoadFlags?: number
  readonly magic?: string
  readonly shuffled?: boolean
  readonly peSignature?: string
  readonly machine?: number
  readonly headersField?: number
  readonly directories?: number
  readonly certificatesField?: number
  readonly gap?: number
}

export function seededOctets(seed: number, size: number): Uint8Array
export function usualSections(pages?: {
  readonly codePages?: number
  readonly variablePages?: number
}): readonly SectionParameters[]
export function buildTdvf(parameters?: FirmwareParameters): Uint8Array
export function buildKernel(parameters?: KernelParameters): Uint8Array
