/** Build each page of `bench:downloads` by itself, as Vite does for its users: in its folder lie the files that it may fetch. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))
const html =
  '<!doctype html><title>A page</title><link rel="icon" href="data:," /><script type="module" src="./page.js"></script>\n'

rmSync(`${root}/dist/downloads`, { recursive: true, force: true })
for (const file of readdirSync(`${root}/src/downloads/pages`)) {
  if (file === 'page.ts') continue
  const outDir = `${root}/dist/downloads/${file.replace('.ts', '')}`
  await build({
    root,
    configFile: false,
    publicDir: false,
    base: './',
    logLevel: 'error',
    worker: { format: 'es' },
    build: {
      outDir,
      target: 'es2022',
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      rolldownOptions: {
        input: `${root}/src/downloads/pages/${file}`,
        output: { entryFileNames: 'page.js' },
      },
    },
  })
  writeFileSync(`${outDir}/download.html`, html)
}
