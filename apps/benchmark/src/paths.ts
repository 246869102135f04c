import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What the build wrote: the pages, the contenders. */
export const dist: string = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../dist/' : './', import.meta.url),
)

/** The root of the package that the file `from` imports by this name, whatever its exports allow. */
export function packageFolder(name: string, from: string = import.meta.url): string {
  for (const base of createRequire(from).resolve.paths(name) ?? []) {
    const folder = join(base, name)
    if (existsSync(join(folder, 'package.json'))) return folder
  }
  throw new Error(`${name} is not installed; install the workspace again`)
}

export function packageVersion(name: string): string {
  return JSON.parse(readFileSync(join(packageFolder(name), 'package.json'), 'utf8')).version
}

/** The folder that holds the packages of this one, ending in a slash. */
export function packagesFolder(): string {
  return `${dirname(packageFolder('onnxruntime-web'))}/`
}
