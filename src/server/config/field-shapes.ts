/** Fields that several parts of the measured configuration have. @module */
import { z } from 'zod'

export const digest = (): z.ZodString =>
  z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 lower-case hexadecimal digits')

export const path = (): z.ZodString => z.string().min(1).max(4096)

export const milliseconds = (max: number, fallback: number): z.ZodDefault<z.ZodInt> =>
  z.int().min(1).max(max).default(fallback)

export const octets = (max: number, fallback: number): z.ZodDefault<z.ZodInt> =>
  z.int().min(1024).max(max).default(fallback)

export const environmentName = (): z.ZodString =>
  z
    .string()
    .regex(
      /^[A-Z][A-Z0-9_]{0,127}$/,
      'must be the name of an environment variable, in capitals; never the value itself',
    )
