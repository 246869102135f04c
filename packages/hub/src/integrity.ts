import { MobileOneError } from '@mobileone/core'

/**
 * The hash the caller pins, as lower-case hex, or undefined.
 * @throws MobileOneError `invalid-argument` when it is malformed or the two forms disagree.
 */
export function parsePin(options: {
  readonly integrity?: string | undefined
  readonly sha256?: string | undefined
}): string | undefined {
  const fromIntegrity = options.integrity === undefined ? undefined : parseIntegrity(options.integrity)
  if (options.sha256 === undefined) return fromIntegrity
  const hex = options.sha256.toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(hex)) {
    throw new MobileOneError('invalid-argument', `sha256 must be 64 hex digits, not "${options.sha256}"`)
  }
  if (fromIntegrity !== undefined && fromIntegrity !== hex) {
    throw new MobileOneError(
      'invalid-argument',
      `integrity (${fromIntegrity}) and sha256 (${hex}) name different files; give one of them`,
    )
  }
  return hex
}

function parseIntegrity(integrity: string): string {
  const match = /^sha256-([A-Za-z0-9+/]{43}=?)$/.exec(integrity.trim())
  if (!match) {
    throw new MobileOneError(
      'invalid-argument',
      `integrity must be "sha256-" and the base64 of 32 bytes, not "${integrity}"`,
    )
  }
  const binary = atob(match[1] as string)
  return Array.from(binary, (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join('')
}

/** The `integrity` form of a hash given as 64 hex digits: `sha256-` and base64. */
export function toIntegrity(sha256: string): string {
  const bytes = sha256.match(/../g) ?? []
  return `sha256-${btoa(String.fromCharCode(...bytes.map((pair) => Number.parseInt(pair, 16))))}`
}

/** @throws MobileOneError `integrity`, naming both hashes, when they differ. `said` is who expects `expected`. */
export function checkSha256(what: string, said: string, expected: string | undefined, actual: string): void {
  if (expected === undefined || expected === actual) return
  throw new MobileOneError(
    'integrity',
    `${what} has sha256 ${actual}, but ${said} ${expected}. It was discarded: the file was changed or damaged on the way. ` +
      'Download it again, or correct the hash if the file was meant to change',
  )
}
