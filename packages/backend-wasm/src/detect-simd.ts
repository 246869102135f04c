import { MobileOneError } from '@mobileone/core'

/** Which of the two builds of the kernels. */
export type Simd = 'relaxed' | 'plain'

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
 * @throws MobileOneError `unavailable` where it has not.
 */
export async function chooseSimd(wanted: Simd | undefined): Promise<Simd> {
  const detected = await detectSimd()
  const simd = wanted ?? detected
  if (!simd || !detected || (simd === 'relaxed' && detected === 'plain')) {
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
  return simd === 'relaxed' ? ['simd', 'relaxed-simd'] : ['simd']
}
