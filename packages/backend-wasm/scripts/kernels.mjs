/**
 * Compile the kernels into src/generated: build.ts (hash of the sources), tile-heights.ts, a `.wasm` of each build, the
 * same as `.ts` (deflated, base64), worker.ts (the text of a worker thread). Each build's tiles are written into assembly/generated first.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { minifySync } from 'vite'
import { compileKernels, embedKernels } from '../../../tooling/kernels.mjs'
import { gemmTile } from './gemm-tile.mjs'
import { gemmTileInt8 } from './gemm-tile-int8.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const generated = join(root, 'src/generated')
const LIMIT = 45_000

const relaxed = {
  features: ['relaxed-simd'],
  int8: { names: ['RDOT16', 'RDOT16X4', 'RELAXED_DOT_ADD'], channels: 16 },
}

/**
 * What each build may use, and the tiles of its matrix products. A multiplication and an addition apart hold a product besides 2H sums,
 * 2 weights and a splat: at H = 6 V8 spills on x64, and S0 took 18.6 ms on a Zen 4 where H = 4 takes 12.4. An engine that joins the two
 * vectors of a pixel into one of 256 bits (V8's --wasm-revectorize) has a register for each pixel, and 6 sums are too few to hide the
 * latency of two multiply-adds a cycle: `wide` is for these.
 */
const builds = {
  relaxed: { ...relaxed, tile: { height: 6, unroll: 8 } },
  wide: { ...relaxed, limit: 55_000, tile: { height: 10, unroll: 8, rare: 8 } },
  plain: {
    features: [],
    tile: { height: 4, unroll: 8, addressed: true },
    int8: { names: ['DOT_I16'], channels: 8 },
  },
}

const sources = readdirSync(join(root, 'assembly'))
  .filter((file) => file.endsWith('.ts'))
  .sort()
  .map((file) => `assembly/${file}`)
const scripts = [
  'scripts/gemm-tile.mjs',
  'scripts/gemm-tile-int8.mjs',
  'scripts/kernels.mjs',
  '../../tooling/kernels.mjs',
]
const hash = createHash('sha256')
for (const file of ['src/abi.ts', ...sources, ...scripts]) hash.update(readFileSync(join(root, file)))
const build = hash.digest().readUInt32LE(0) & 0x7fffffff

mkdirSync(generated, { recursive: true })
mkdirSync(join(root, 'assembly/generated'), { recursive: true })
writeFileSync(join(generated, 'build.ts'), `export const BUILD = ${build}\n`)

for (const [name, { features, tile, int8, limit = LIMIT }] of Object.entries(builds)) {
  writeFileSync(join(root, 'assembly/generated/gemm-tile-f32.ts'), gemmTile(tile))
  writeFileSync(join(root, 'assembly/generated/gemm-tile-int8.ts'), gemmTileInt8(int8))
  const wasm = await compileKernels({ root, name, limit, features })
  writeFileSync(join(generated, `${name}.wasm`), wasm)
  embedKernels(generated, name, wasm)
}
const heights = Object.entries(builds).map(([name, { tile }]) => `${name}: ${tile.height}`)
writeFileSync(
  join(generated, 'tile-heights.ts'),
  `/** Pixels of the tallest tile of the matrix product in each build. */\nexport const tileHeights = { ${heights.join(', ')} } as const\n`,
)

const { outputText } = ts.transpileModule(readFileSync(join(root, 'src/chunk-scheduler.ts'), 'utf8'), {
  compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, removeComments: true },
})
const { code } = minifySync('worker.js', `((exports) => {\n${outputText}\nexports.serve()\n})({})\n`)
writeFileSync(join(generated, 'worker.ts'), `export const worker: string = ${JSON.stringify(code)}\n`)
