import { readFile } from 'node:fs/promises'
import { extname, join, normalize } from 'node:path'
import type { Page } from 'playwright-core'
import type { InlineConfig } from 'vite'
import { launchChromium } from './chromium.ts'
import { type Page as Served, serve } from './server.ts'

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
}

export interface ModulePageOptions {
  /** The path of a TypeScript or JavaScript module; it is bundled, workspace packages from their source. */
  readonly entry: string
  /** Folders served beside the page: path prefix (`/ort/`) to folder. */
  readonly folders?: Readonly<Record<string, string>>
  readonly chromiumArguments?: readonly string[]
  /** Replacements and plugins of the bundler, for libraries that ask for them. */
  readonly bundler?: Pick<InlineConfig, 'define' | 'plugins'>
}

/** A cross-origin isolated page in headless Chromium that has run the module `entry`; close it when done. */
export async function openModulePage(
  options: ModulePageOptions,
): Promise<{ readonly page: Page; close(): Promise<void> }> {
  const script = await bundleModule(options)
  const server = await serve(async (path) => {
    if (path === '/')
      return {
        type: 'text/html',
        body: '<!doctype html><title>test</title><script type="module" src="/entry.mjs"></script>',
      }
    if (path === '/entry.mjs') return { type: 'text/javascript', body: script }
    return findInFolders(options.folders, path)
  })
  const browser = await launchChromium(options.chromiumArguments)
  const page = await browser.newPage()
  page.setDefaultTimeout(120_000)
  const close = async (): Promise<void> => {
    await browser.close()
    await server.close()
  }
  try {
    const failed = new Promise<never>((_, reject) => {
      page.once('pageerror', reject)
    })
    failed.catch(() => {})
    await Promise.race([failed, page.goto(server.url)])
    return { page, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The file of `folders` that a page knows as `path`. */
export async function findInFolders(
  folders: ModulePageOptions['folders'],
  path: string,
): Promise<Served | undefined> {
  for (const [prefix, folder] of Object.entries(folders ?? {})) {
    if (!path.startsWith(prefix)) continue
    const file = join(folder, normalize(`/${path.slice(prefix.length)}`))
    const type = types[extname(file)] ?? 'application/octet-stream'
    return readFile(file).then(
      (body) => ({ type, body }),
      () => undefined,
    )
  }
  return undefined
}

/** The module and all that it imports as one script. */
export async function bundleModule({
  entry,
  bundler,
}: Pick<ModulePageOptions, 'entry' | 'bundler'>): Promise<string> {
  const { build } = await import('vite')
  const outputs = await build({
    ...bundler,
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['source', 'browser', 'import', 'module', 'default'] },
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      lib: { entry, formats: ['es'], fileName: 'entry' },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  })
  const chunks = [outputs].flat().flatMap((output) => ('output' in output ? output.output : []))
  const [chunk] = chunks.filter((output) => output.type === 'chunk')
  if (!chunk) throw new Error(`bundling ${entry} made no script`)
  return chunk.code
}
