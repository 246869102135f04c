/** What installed packages say of themselves, and how many others come with them. */
import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { packageFolder } from '../paths.ts'

export interface PackageFacts {
  readonly name: string
  readonly version: string
  /** SPDX, as in its manifest. */
  readonly licence: string
  /** Packages that a package manager installs with it: its dependencies and theirs. Peers, which one chooses oneself, are not among them. */
  readonly dependencies: readonly string[]
}

interface Manifest {
  readonly version: string
  readonly license?: string
  readonly dependencies?: Readonly<Record<string, string>>
}

/** The facts of the installed package `name`. */
export function packageFacts(name: string): PackageFacts {
  const folder = realpathSync(packageFolder(name))
  const { version, license = 'none named' } = manifestIn(folder)
  const found = new Map<string, string>()
  const look = (from: string): void => {
    for (const dependency of Object.keys(manifestIn(from).dependencies ?? {})) {
      const place = realpathSync(packageFolder(dependency, join(from, 'package.json')))
      if (found.has(place)) continue
      found.set(place, dependency)
      look(place)
    }
  }
  look(folder)
  return { name, version, licence: license, dependencies: [...found.values()].sort() }
}

function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}
