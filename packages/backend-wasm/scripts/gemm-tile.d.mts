export function gemmTile(tile: {
  readonly height: number
  readonly unroll: number
  readonly addressed?: boolean
}): string
