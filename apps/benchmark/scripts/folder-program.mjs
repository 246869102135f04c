/** Bundle the program of the folder `--gpu-folder` writes into one file, which finds Dawn beside itself. */
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

await build({
  root: fileURLToPath(new URL('..', import.meta.url)),
  configFile: false,
  logLevel: 'error',
  ssr: { noExternal: true, target: 'node' },
  build: {
    ssr: 'src/folder/bench.ts',
    outDir: 'dist/folder',
    target: 'node20',
    minify: false,
    rolldownOptions: { output: { entryFileNames: 'bench.mjs', codeSplitting: false } },
  },
})
