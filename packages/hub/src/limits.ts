import { MobileOneError } from '@mobileone/core'

/** Bounds on a download; `FetchWeightsOptions` says what each means. */
export interface Limits {
  readonly maxBytes: number
  readonly retries: number
  readonly retryDelayMs: number
  readonly stallTimeoutMs: number
}

/** The bounds of `fetchWeights` where its options name none. */
export const defaultLimits: Limits = {
  maxBytes: 2 ** 30,
  retries: 4,
  retryDelayMs: 500,
  stallTimeoutMs: 30_000,
}

/** Milliseconds to wait for the word that a cached file is still current, before it is used as it is. */
export const revalidateTimeoutMs = 5000

const names = ['maxBytes', 'retries', 'retryDelayMs', 'stallTimeoutMs'] as const

/** @throws MobileOneError `invalid-argument` naming the option that is not a number it can be. */
export function parseLimits(options: { readonly [K in keyof Limits]?: number | undefined }): Limits {
  const limits: { -readonly [K in keyof Limits]: number } = { ...defaultLimits }
  for (const name of names) {
    const value = options[name] ?? defaultLimits[name]
    if (typeof value !== 'number' || !(value >= 0) || (name === 'stallTimeoutMs' && value === 0)) {
      throw new MobileOneError('invalid-argument', `${name} must be a number of at least 0, not ${value}`)
    }
    limits[name] = value
  }
  return limits
}

/** @throws MobileOneError `invalid-file` naming both sizes. */
export function checkSize(label: string, bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return
  throw new MobileOneError(
    'invalid-file',
    `${label} has ${bytes} bytes or more, over the limit of ${maxBytes}; raise maxBytes if it really is that large`,
  )
}
