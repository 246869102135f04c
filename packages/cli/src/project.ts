import { createRequire } from 'node:module'
import { delimiter, isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MobileOneError } from '@mobileone/core'

/**
 * Where packages that this program does not bring are looked for: the user's project first, then beside this program, then in the
 * folders that the environment names, as `npm run mobileone` of a checkout does with those of the workspace.
 */
const bases: readonly string[] = [
  join(process.cwd(), 'package.json'),
  import.meta.url,
  ...(process.env.MOBILEONE_PACKAGES ?? '')
    .split(delimiter)
    .filter((folder) => isAbsolute(folder))
    .map((folder) => join(folder, 'package.json')),
]

/** The address of the package `name` as the user has it installed, undefined where it is not. */
export function findPackage(name: string, from: readonly string[] = bases): string | undefined {
  for (const base of from) {
    try {
      return pathToFileURL(createRequire(base).resolve(name)).href
    } catch (error) {
      if (!isMissing(error)) throw brokenPackage(name, error)
    }
  }
  return undefined
}

/**
 * The module `name` as the user has it installed.
 * @throws MobileOneError `unavailable` naming what to install, or what is wrong with what is installed.
 */
export async function importPackage<T>(name: string, from: readonly string[] = bases): Promise<T> {
  const address = findPackage(name, from)
  if (address === undefined)
    throw new MobileOneError('unavailable', `${name} is not installed here: npm i ${name}`)
  try {
    return (await import(address)) as T
  } catch (cause) {
    throw brokenPackage(name, cause)
  }
}

/** The named exports of a CommonJS module, which Node may show as its default export alone. */
export function named<T extends object>(module: T | { readonly default: T }, name: keyof T): T {
  return name in module ? (module as T) : (module as { readonly default: T }).default
}

function isMissing(error: unknown): boolean {
  const code = (error as { code?: string }).code
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND'
}

function brokenPackage(name: string, cause: unknown): MobileOneError {
  return new MobileOneError('unavailable', `${name} does not load: ${(cause as Error).message}`, { cause })
}
