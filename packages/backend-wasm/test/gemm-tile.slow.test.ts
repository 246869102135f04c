import { test } from 'vitest'
import { expectTileOfReference } from './gemm-tile.ts'

test.each([
  { height: 1, unroll: 1 },
  { height: 8, unroll: 2 },
])(
  'a tile of $height pixels, $unroll channels unrolled: agrees with the reference',
  expectTileOfReference,
  60_000,
)
