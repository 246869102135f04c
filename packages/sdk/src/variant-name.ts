import { MobileOneError, type Variant, variants } from '@mobileone/core'

/**
 * The published variant that `source` names, in any of its spellings: `s0`, `S0`, `mobileone_s0`, `MobileOne-S0`. Undefined for
 * whatever is no such name.
 * @throws MobileOneError `invalid-argument` for a variant that does not exist.
 */
export function variantOf(source: unknown): Variant | undefined {
  if (typeof source !== 'string') return undefined
  const name = /^(?:mobileone[-_ ]?)?(s\d+)$/i.exec(source)?.[1]?.toLowerCase()
  if (name === undefined || Object.hasOwn(variants, name)) return name as Variant | undefined
  throw new MobileOneError(
    'invalid-argument',
    `there is no variant "${source}"; the published ones are ${Object.keys(variants).join(', ')}`,
  )
}
