/** Bundle the fuzzers with the parsers' sources and run them; see main.ts. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { install, root } from '../bootstrap.mjs'

install()
const { build } = await import('vite')
const outDir = join(root, 'node_modules/.fuzz-build')
const fuzz = join(root, 'tooling/fuzz')
await build({
  configFile: false,
  logLevel: 'warn',
  root: fuzz,
  resolve: { conditions: ['source', 'node', 'import', 'default'] },
  ssr: { noExternal: true, resolve: { conditions: ['source', 'node', 'import', 'default'] } },
  build: {
    ssr: true,
    outDir,
    emptyOutDir: true,
    minify: false,
    target: 'node20',
    rolldownOptions: {
      input: { main: join(fuzz, 'main.ts'), worker: join(fuzz, 'worker.ts') },
      output: { entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
    },
  },
})
const { status } = spawnSync(process.execPath, [join(outDir, 'main.mjs'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
})
process.exitCode = status ?? 1
