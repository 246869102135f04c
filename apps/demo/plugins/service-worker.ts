import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'vite'
import type { SiteFile, SiteFiles } from '../src/service-worker/precache.ts'

const entry = fileURLToPath(new URL('../src/service-worker/service-worker.ts', import.meta.url))
const fileName = 'service-worker.js'

/**
 * `service-worker.js`, which knows every file of the build by its hash. One file and no module, which is
 * what every browser takes. `isRest` tells the files that the first view can do without, although its code names them: views, their workers.
 */
export function serviceWorker(isRest: (path: string) => boolean): Plugin {
  let folder = ''
  return {
    name: 'service-worker',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir)
    },
    closeBundle: {
      order: 'pre',
      handler: () => writeServiceWorker(folder, isRest),
    },
  }
}

/** Write the worker for the files that are in `folder` now. */
export async function writeServiceWorker(folder: string, isRest: (path: string) => boolean): Promise<void> {
  const files = await siteFiles(folder, isRest)
  await build({
    configFile: false,
    logLevel: 'warn',
    define: { __SITE_FILES__: JSON.stringify(files) },
    build: {
      outDir: folder,
      emptyOutDir: false,
      copyPublicDir: false,
      target: 'es2022',
      rolldownOptions: {
        input: entry,
        output: { format: 'iife', entryFileNames: fileName, codeSplitting: false },
      },
    },
  })
}

/** The files in `folder`: as the shell what `index.html` names, what that names and so on, with models and pictures; the rest. */
async function siteFiles(folder: string, isRest: (path: string) => boolean): Promise<SiteFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((file) => file.isFile())
    .map((file) => relative(folder, join(file.parentPath, file.name)).split(sep).join('/'))
    .filter((path) => path !== fileName && !/\.(br|gz|map)$/.test(path))
    .sort()
  const contents = new Map<string, Buffer>()
  for (const path of paths) contents.set(path, await readFile(join(folder, path)))

  const shell = new Set(paths.filter((path) => !path.startsWith('assets/') && !isRest(path)))
  const visit = (path: string): void => {
    const text = /\.(html|js|css)$/.test(path) ? contents.get(path)?.toString() : undefined
    for (const other of paths) {
      const name = other.slice(other.lastIndexOf('/') + 1)
      if (shell.has(other) || isRest(other) || !text?.includes(name)) continue
      shell.add(other)
      visit(other)
    }
  }
  visit('index.html')

  const described = (path: string): SiteFile => ({
    path,
    hash: createHash('sha256')
      .update(contents.get(path) as Buffer)
      .digest('hex'),
  })
  return {
    shell: [...shell].sort().map(described),
    rest: paths.filter((path) => !shell.has(path)).map(described),
  }
}
