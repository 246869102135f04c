/** An empty project with the packed packages installed, without a network: their dependencies are links into this workspace. */
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from './bootstrap.mjs'
import { packAll, unpackInto } from './pack.mjs'

/**
 * Install all packed packages and what they depend on into a new folder; `extras` maps further names to their folders.
 * Optional peers are not installed. The caller removes `project`.
 */
export function installPacked(extras = {}) {
  const project = mkdtempSync(join(realpathSync(tmpdir()), 'mobileone-project-'))
  writeFileSync(
    join(project, 'package.json'),
    `${JSON.stringify({ name: 'empty', private: true, type: 'module' }, undefined, 2)}\n`,
  )
  const packages = packAll(join(project, 'tarballs')).map((tarball) => unpackInto(project, tarball))
  const own = new Set(packages.map(({ manifest }) => manifest.name))
  const links = { ...extras }
  for (const { manifest } of packages) {
    const workspace = join(root, 'packages', manifest.name.split('/').at(-1), 'node_modules')
    for (const name of Object.keys(manifest.dependencies ?? {})) {
      if (!own.has(name)) links[name] = join(workspace, name)
    }
  }
  for (const [name, target] of Object.entries(links)) {
    const link = join(project, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(realpathSync(target), link, 'junction')
  }
  return { project, packages }
}
