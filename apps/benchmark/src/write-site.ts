import { cp, mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { dist, packageFolder } from './paths.ts'
import { vendors } from './server.ts'

/** What browsers fetch of the folders of the runtimes; the rest are bundles for other ways to load them. */
const fetched = /\.wasm$|^ort-wasm[\w.-]*\.mjs$|^litert_wasm[\w.-]*\.js$/
/** The page of `bench:camera` is of that command alone. */
const leftOut = /^camera(-[\w-]+)?\.(html|js|css)$/

/** The site as files that any server can send: the pages, the contenders, the files of their runtimes. Existing files are overwritten. */
export async function writeSite(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await cp(join(dist, 'site'), folder, { recursive: true, filter: (path) => !leftOut.test(basename(path)) })
  await cp(join(dist, 'browser'), join(folder, 'contenders'), { recursive: true })
  for (const [name, files] of Object.entries(vendors)) {
    if (name.startsWith('@mediapipe/')) continue
    const from = join(packageFolder(name), files)
    await cp(from, join(folder, 'vendor', name, files), {
      recursive: true,
      dereference: true,
      filter: (path) => path === from || fetched.test(basename(path)),
    })
  }
}
