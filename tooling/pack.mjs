/** Packs every published package as `pnpm publish` does, and unpacks them where a check can look at them. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './bootstrap.mjs'
import { publishedPackages, readManifest } from './manifests.mjs'

const windows = process.platform === 'win32'

/** Tarballs of all packages in `folder`. */
export function packAll(folder) {
  mkdirSync(folder, { recursive: true })
  const filters = publishedPackages().flatMap(({ name }) => ['--filter', `./packages/${name}`])
  execFileSync(
    join(root, 'node_modules/.bin/pnpm'),
    ['--recursive', ...filters, 'pack', '--pack-destination', folder],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], shell: windows },
  )
  return readdirSync(folder)
    .filter((file) => file.endsWith('.tgz'))
    .map((file) => join(folder, file))
}

/** Unpack `tarball` as the folder `node_modules/<name>` beneath `project`, as an installer does. */
export function unpackInto(project, tarball) {
  const scratch = join(project, '.unpacking')
  rmSync(scratch, { recursive: true, force: true })
  mkdirSync(scratch, { recursive: true })
  execFileSync('tar', ['xzf', tarball, '-C', scratch])
  const manifest = readManifest(join(scratch, 'package'))
  const folder = join(project, 'node_modules', manifest.name)
  mkdirSync(join(folder, '..'), { recursive: true })
  rmSync(folder, { recursive: true, force: true })
  renameSync(join(scratch, 'package'), folder)
  rmSync(scratch, { recursive: true })
  return { folder, manifest, tarball }
}
