import { MobileOneError } from '@mobileone/core'
import { inflateBase64 } from '@mobileone/core/embedded-wasm'
import type { Simd } from './detect-simd.ts'

/**
 * The kernels out of this package's JavaScript, of which only the build that this engine runs is loaded: everywhere but where
 * WebAssembly must come in files.
 */
export async function ownKernels(simd: Simd): Promise<Uint8Array<ArrayBuffer> | WebAssembly.Module> {
  return inflateBase64(await (simd === 'relaxed' ? loadRelaxed() : loadPlain()).catch(unloaded))
}

async function loadRelaxed(): Promise<string> {
  return (await import('./generated/relaxed.ts')).relaxed
}

async function loadPlain(): Promise<string> {
  return (await import('./generated/plain.ts')).plain
}

function unloaded(cause: unknown): never {
  throw new MobileOneError(
    'network',
    `wasm: the file with the kernels cannot be loaded: ${(cause as Error)?.message ?? cause}; serve all files of the build, or use the ` +
      'single file where `import()` is not allowed (@mobileone/sdk/single)',
    { cause },
  )
}
