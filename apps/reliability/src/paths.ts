import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this app, from its sources and from what is built of them. */
export const appFolder: string = fileURLToPath(new URL('..', import.meta.url))

/** The folder of the repository. */
export const root: string = join(appFolder, '../..')

/** A program of this app, as built. */
export const builtProgram = (name: string): string => join(appFolder, 'dist', `${name}.mjs`)

/** The version of a package that this app has installed. */
export function installedVersion(name: string): string {
  const manifest = readFileSync(join(appFolder, 'node_modules', name, 'package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
