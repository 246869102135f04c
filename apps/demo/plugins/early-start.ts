import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plugin } from 'vite'

/** What the page asks for one after the other before the first result, as the code of the one names the next. */
const pageFiles = [/^classify-view-.*\.js$/]
const viewStyle = /^classify-view-.*\.css$/
const workerFile = /^classifier-worker-/
/** Of the worker's own: the code that it shares with what it loads later, and the kernels of current browsers. */
const workerFiles = [/^shared-/, /^relaxed-/]

/**
 * Has the browser ask at once for all code that the first result takes. The worker's files then come from the browser's cache, where a
 * page cannot preload for a worker.
 */
export function earlyStart(): Plugin {
  let folder = ''
  return {
    name: 'early-start',
    apply: 'build',
    configResolved({ root, build }) {
      folder = join(root, build.outDir)
    },
    closeBundle: {
      order: 'pre',
      async handler() {
        const names = await readdir(join(folder, 'assets'))
        const one = (pattern: RegExp, among: string): string => {
          const found = names.filter(
            (name) => name.endsWith('.js') && pattern.test(name) && among.includes(name),
          )
          if (found.length !== 1)
            throw new Error(`${pattern} is ${found.join(', ') || 'no file'} of the build`)
          return found[0] as string
        }
        const scripts = names.filter((name) => /^(index|frame)-.*\.js$/.test(name))
        const page = (await Promise.all(scripts.map((name) => asset(folder, name)))).join('\n')
        const worker = one(workerFile, page)
        const workerCode = await asset(folder, worker)
        const wanted = [
          ...pageFiles.map((pattern) => one(pattern, page)),
          worker,
          ...workerFiles.map((pattern) => one(pattern, workerCode)),
        ]
        const styles = names.filter((name) => viewStyle.test(name))
        const links = [
          ...styles.map((name) => `<link rel="preload" as="style" crossorigin href="./assets/${name}">`),
          ...wanted.map((name) => `<link rel="modulepreload" crossorigin href="./assets/${name}">`),
        ]
        const html = join(folder, 'index.html')
        const text = await readFile(html, 'utf8')
        await writeFile(
          html,
          text.replace('</head>', () => `  ${links.join('\n  ')}\n</head>`),
        )
      },
    },
  }
}

function asset(folder: string, name: string): Promise<string> {
  return readFile(join(folder, 'assets', name), 'utf8')
}
