/** The licences of what a bundle contains of others, as a file beside it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const NOTICES = 'THIRD-PARTY-NOTICES.txt'

/** A plugin for the bundler that writes THIRD-PARTY-NOTICES.txt where a bundle contains packages of node_modules. */
export function notices() {
  return {
    name: 'third-party-notices',
    generateBundle(_options, bundle) {
      const folders = new Set()
      for (const chunk of Object.values(bundle)) {
        for (const id of chunk.moduleIds ?? []) {
          const folder = packageFolder(id)
          if (folder) folders.add(folder)
        }
      }
      if (folders.size > 0) {
        const source = [...folders]
          .sort()
          .map(notice)
          .join(`\n${'-'.repeat(80)}\n\n`)
        this.emitFile({ type: 'asset', fileName: NOTICES, source })
      }
    },
  }
}

function packageFolder(id) {
  if (id.startsWith('\0') || !/[\\/]node_modules[\\/]/.test(id)) return undefined
  let folder = dirname(id)
  while (!hasName(folder)) {
    if (dirname(folder) === folder) return undefined
    folder = dirname(folder)
  }
  return folder
}

function hasName(folder) {
  const path = join(folder, 'package.json')
  return existsSync(path) && JSON.parse(readFileSync(path, 'utf8')).name !== undefined
}

function notice(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
  if (!file) throw new Error(`${name} is bundled and has no licence file to ship`)
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
}
