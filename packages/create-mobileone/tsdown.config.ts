import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { published, publishedPackages } from '../../tooling/manifests.mjs'
import { library } from '../../tooling/tsdown.base.ts'

/** `templates/shared` and each template over it, in `dist/templates`, with the versions of this release for `workspace:` ranges. */
function writeTemplates(): void {
  const versions = Object.fromEntries(
    publishedPackages().map(({ manifest }) => [manifest.name, manifest.version]),
  )
  for (const template of readdirSync('templates').filter((name) => name !== 'shared')) {
    const folder = join('dist/templates', template)
    cpSync('templates/shared', folder, { recursive: true })
    cpSync(join('templates', template), folder, { recursive: true })
    const path = join(folder, 'package.json')
    const manifest = JSON.parse(readFileSync(path, 'utf8'))
    const { dependencies } = published(manifest, versions)
    writeFileSync(path, `${JSON.stringify({ ...manifest, dependencies }, undefined, 2)}\n`)
    // npm would take it for its own.
    renameSync(join(folder, '.gitignore'), join(folder, 'gitignore'))
  }
}

/** One file: `npm create` downloads nothing else. */
export default library(
  { main: 'src/main.ts' },
  {
    platform: 'node',
    noExternal: /.*/,
    dts: false,
    sourcemap: false,
    hooks: { 'build:done': writeTemplates },
  },
)
