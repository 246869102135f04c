import { readFile } from 'node:fs/promises'
import { MobileOneError } from '@mobileone/core'

/** The object in a JSON file. @throws MobileOneError `invalid-file` naming what it should have been. */
export async function readJson(path: string, what: string): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch (cause) {
    throw new MobileOneError('invalid-file', `cannot read the ${what} ${path}: ${(cause as Error).message}`, {
      cause,
    })
  }
  throw new MobileOneError('invalid-file', `cannot read the ${what} ${path}: it holds no object`)
}
