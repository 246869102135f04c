/** Bundle the program that `--gpu-folder` puts into its folder: one file, which finds Dawn beside itself. */
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

await build({
  root: fileURLToPath(new URL('..', import.meta.url)),
  configFile: false,
  logLevel: 'error',
  ssr: { noExternal: true, target: 'node' },
  build: {
    ssr: 'src/portable-gpu-benchmark/program.ts',
    outDir: 'dist/portable-gpu-benchmark',
    target: 'node20',
    minify: false,
    rolldownOptions: { output: { entryFileNames: 'bench.mjs', codeSplitting: false } },
  },
})
