import { copyFile } from 'node:fs/promises'
import { build } from 'esbuild'

await build({ entryPoints: ['src/main.js'], bundle: true, format: 'esm', minify: true, outdir: 'dist' })
await copyFile('src/index.html', 'dist/index.html')
await copyFile(
  new URL('classifier-worker.mjs', import.meta.resolve('@mobileone/sdk/worker')),
  'dist/classifier-worker.mjs',
)
