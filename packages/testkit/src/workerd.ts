import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { workerdPath } from './requirements.ts'

/** Bundle the worker `entry` into `folder` as bundlers for Cloudflare do: one module, WebAssembly files beside it as modules. */
export async function bundleWorker(
  entry: string,
  folder: string,
  conditions: readonly string[] = ['workerd', 'worker', 'browser'],
): Promise<void> {
  const { build } = await import('vite')
  await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: [...conditions] },
    plugins: [
      {
        name: 'wasm-modules',
        enforce: 'pre',
        resolveId(id, importer) {
          if (!id.endsWith('.wasm') || !importer) return undefined
          const name = basename(id)
          copyFileSync(join(dirname(importer), id), join(folder, name))
          return { id: `./${name}`, external: true }
        },
      },
    ],
    build: {
      outDir: folder,
      emptyOutDir: false,
      lib: { entry, formats: ['es'], fileName: () => 'main.js' },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  })
}

/** Serve the modules `files` of `folder`, the worker first, with workerd; `assets` is a folder that the worker has as `ASSETS`. */
export async function serveWorker(
  folder: string,
  files: readonly string[],
  assets?: string,
): Promise<{ readonly url: string; log(): string; close(): Promise<void> }> {
  const modules = files.map((name) => {
    const kind = name.endsWith('.wasm') ? 'wasm' : 'esModule'
    return `(name = "${name}", ${kind} = embed "${name}")`
  })
  const bindings = assets === undefined ? '' : ', bindings = [(name = "ASSETS", service = "assets")]'
  const service = assets === undefined ? '' : `(name = "assets", disk = (path = "${assets}")),`
  writeFileSync(
    join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker), ${service}],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (modules = [${modules.join(', ')}], compatibilityDate = "2026-07-01"${bindings});
`,
  )
  const child = spawn(workerdPath() as string, ['serve', '--control-fd=1', 'config.capnp'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  let log = ''
  child.stderr.on('data', (part) => {
    log += part
  })
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.on('data', (part) => {
      const found = /"port":\s*(\d+)/.exec(String(part))
      if (found) resolve(Number(found[1]))
    })
    child.once('error', reject)
    child.once('close', (code) => reject(new Error(`workerd ended with ${code}: ${log}`)))
  })
  return {
    url: `http://127.0.0.1:${port}`,
    log: () => log,
    async close() {
      child.kill()
      await closed
    },
  }
}
