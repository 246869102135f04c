import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { convNode, makeModel, normalInputs } from '@mobileone/conformance'
import { random, reference } from '@mobileone/core'
import { expect } from 'vitest'
import { compileKernels } from '../../../tooling/kernels.mjs'
import { gemmTile } from '../scripts/gemm-tile.mjs'
import { wasm } from '../src/index.ts'
import { distance } from './distance.ts'

type Tile = Parameters<typeof gemmTile>[0]

const root = fileURLToPath(new URL('..', import.meta.url))

/** The plain build with another tile. */
async function kernelsWith(tile: Tile): Promise<Uint8Array<ArrayBuffer>> {
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

/** Kernels with another tile of the matrix product agree with the reference, on sizes that it divides and others. */
export async function expectTileOfReference(tile: Tile): Promise<void> {
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
}
