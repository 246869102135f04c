import { MobileOneError } from '@mobileone/core'

/** Refuse a file: the message names the place in it and, where there is one, the remedy. */
export function invalidFile(message: string): never {
  throw new MobileOneError('invalid-file', message)
}
