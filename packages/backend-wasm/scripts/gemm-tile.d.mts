export function gemmTile(tile: {
  readonly height: number
  readonly unroll: number
  readonly rare?: number
  readonly addressed?: boolean
}): string
