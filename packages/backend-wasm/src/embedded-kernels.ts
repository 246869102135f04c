import { inflateBase64 } from '@mobileone/core/embedded-wasm'
import type { Simd } from './detect-simd.ts'
import { plain } from './generated/plain.ts'
import { relaxed } from './generated/relaxed.ts'

/** The kernels out of this package's JavaScript: everywhere but where WebAssembly must come in files. */
export function ownKernels(simd: Simd): Promise<Uint8Array<ArrayBuffer> | WebAssembly.Module> {
  return inflateBase64(simd === 'relaxed' ? relaxed : plain)
}
