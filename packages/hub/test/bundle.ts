import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/**
 * Bundle `src` for browsers into `directory` and return the path of the entry. Fails when anything in it would have
 * to be resolved by Node: the same files run in both.
 */
export async function bundleHub(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true })
  await build({
    configFile: false,
    logLevel: 'silent',
    root: fileURLToPath(new URL('..', import.meta.url)),
    resolve: { conditions: ['source', 'browser', 'import', 'module', 'default'] },
    build: {
      outDir: directory,
      emptyOutDir: false,
      minify: false,
      target: 'es2022',
      lib: {
        entry: fileURLToPath(new URL('../src/index.ts', import.meta.url)),
        formats: ['es'],
        fileName: () => 'hub.js',
      },
      rolldownOptions: {
        onLog(_, log) {
          throw new Error(`bundling for browsers: ${log.message}`)
        },
      },
    },
  })
  await writeFile(join(directory, 'package.json'), '{"type":"module"}')
  return join(directory, 'hub.js')
}
