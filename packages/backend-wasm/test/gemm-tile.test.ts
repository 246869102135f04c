import { describe, expect, test } from 'vitest'
import { gemmTile } from '../scripts/gemm-tile.mjs'
import { expectTileOfReference } from './gemm-tile.ts'

describe('the generated tile of the matrix product', () => {
  test(
    '5 pixels, 4 channels unrolled: agrees with the reference',
    () => expectTileOfReference({ height: 5, unroll: 4, addressed: true }),
    60_000,
  )

  test('a number of channels that does not divide a group is refused', () => {
    expect(() => gemmTile({ height: 6, unroll: 3 })).toThrow(/1, 2, 4 or 8 channels/)
  })
})
