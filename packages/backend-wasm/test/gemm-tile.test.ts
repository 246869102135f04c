import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { convNode, makeModel, normalInputs } from '@mobileone/conformance'
import { random, reference } from '@mobileone/core'
import { describe, expect, test } from 'vitest'
import { compileKernels } from '../../../tooling/kernels.mjs'
import { gemmTile } from '../scripts/gemm-tile.mjs'
import { wasm } from '../src/index.ts'
import { distance } from './distance.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The plain build with another tile. */
async function kernelsWith(tile: Parameters<typeof gemmTile>[0]): Promise<Uint8Array<ArrayBuffer>> {
  const copy = mkdtempSync(join(tmpdir(), 'mobileone-tile-'))
  try {
    cpSync(join(root, 'assembly'), join(copy, 'assembly'), { recursive: true })
    mkdirSync(join(copy, 'src/generated'), { recursive: true })
    for (const file of ['src/abi.ts', 'src/generated/build.ts']) cpSync(join(root, file), join(copy, file))
    writeFileSync(join(copy, 'assembly/generated/gemm-tile-f32.ts'), gemmTile(tile))
    return await compileKernels({ root: copy, name: 'another tile', limit: 64 * 1024 })
  } finally {
    rmSync(copy, { recursive: true })
  }
}

describe('the generated tile of the matrix product', () => {
  test.each([
    { height: 1, unroll: 1 },
    { height: 5, unroll: 4, addressed: true },
    { height: 8, unroll: 2 },
  ])(
    '$height pixels, $unroll channels unrolled: agrees with the reference',
    async (tile) => {
      const bytes = await kernelsWith(tile)
      for (const [channels, height, width] of [
        [3, 1, 5],
        [8, 3, 3],
        [13, 5, 7],
        [264, 4, 5],
        [270, 3, 6],
      ] as const) {
        const model = makeModel(
          {
            inputs: { x: [1, channels, height, width] },
            nodes: [convNode('layer', 'x'), { op: 'relu', name: 'relu', inputs: ['layer'] }],
            weights: { 'layer.weight': [11, channels, 1, 1], 'layer.bias': [11] },
            outputs: { out: 'relu' },
          },
          random(channels),
        )
        const inputs = normalInputs(model, random(9))
        const executor = await wasm({ simd: 'plain', wasm: bytes }).compile(model)
        const { out } = await executor.run(inputs)
        const { out: want } = await (await reference().compile(model)).run(inputs)
        expect(distance(out!.data, want!.data), `${channels} x ${height} x ${width}`).toBeLessThan(2e-5)
        await executor.dispose()
      }
    },
    60_000,
  )

  test('a number of channels that does not divide a group is refused', () => {
    expect(() => gemmTile({ height: 6, unroll: 3 })).toThrow(/1, 2, 4 or 8 channels/)
  })
})
