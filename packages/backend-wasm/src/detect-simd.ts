import { MobileOneError } from '@mobileone/core'
import { tileHeights } from './generated/tile-heights.ts'

/**
 * Which build of the kernels: with fused multiply-add, with that and taller tiles for engines that join 128-bit operations in pairs, or
 * with neither.
 */
export type Simd = keyof typeof tileHeights

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
/** (type (func (param v128) (result v128))) (func (type 0)) */
const ONE_FUNCTION = [0x01, 0x06, 0x01, 0x60, 0x01, 0x7b, 0x01, 0x7b, 0x03, 0x02, 0x01, 0x00]

/**
 * (module (func (param v128) (result v128)
 *   (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0))))
 */
const RELAXED_SIMD = [
  ...HEADER,
  ...ONE_FUNCTION,
  ...[0x0a, 0x0d, 0x01, 0x0b, 0x00, 0x20, 0x00, 0x20, 0x00, 0x20, 0x00, 0xfd, 0x85, 0x02, 0x0b],
]

/**
 * (module (func (param v128) (result v128)
 *   (f32x4.add (local.get 0) (local.get 0))))
 */
const SIMD = [
  ...HEADER,
  ...ONE_FUNCTION,
  ...[0x0a, 0x0b, 0x01, 0x09, 0x00, 0x20, 0x00, 0x20, 0x00, 0xfd, 0xe4, 0x01, 0x0b],
]

let simd: Promise<Simd | undefined> | undefined

/** The fastest instruction set this engine compiles; undefined where it has no SIMD or no WebAssembly at all. */
export function detectSimd(): Promise<Simd | undefined> {
  simd ??= (async () => {
    if (typeof WebAssembly !== 'object') return undefined
    if (WebAssembly.validate(new Uint8Array(RELAXED_SIMD))) return 'relaxed'
    return WebAssembly.validate(new Uint8Array(SIMD)) ? 'plain' : undefined
  })()
  return simd
}

/**
 * The build of the kernels to use, where `wanted` is one that this engine must have.
 * @param source Kernels from elsewhere.
 * @throws MobileOneError `unavailable` where it has not; `invalid-argument` for another build than there is, and for `wide` without its kernels.
 */
export async function chooseSimd(wanted: Simd | undefined, source: unknown): Promise<Simd> {
  const detected = await detectSimd()
  const simd = wanted ?? detected
  if (simd && (!(simd in tileHeights) || (simd === 'wide' && !source))) {
    throw new MobileOneError(
      'invalid-argument',
      `wasm: no kernels for simd: ${JSON.stringify(simd)}; 'wide' takes what @mobileone/backend-wasm/wide gives`,
    )
  }
  if (!simd || !detected || (simd !== 'plain' && detected === 'plain')) {
    throw new MobileOneError(
      'unavailable',
      detected
        ? "wasm: this engine has no relaxed SIMD; use simd: 'plain' or leave the option out"
        : 'wasm: this engine has no WebAssembly SIMD (128-bit)',
    )
  }
  return simd
}

/** In the words of a probe. */
export function simdFeatures(simd: Simd): string[] {
  if (simd === 'plain') return ['simd']
  return ['simd', 'relaxed-simd', ...(simd === 'wide' ? ['wide tiles'] : [])]
}
