import { MobileOneError } from '@mobileone/core'
import { importShared } from '@mobileone/core/embedded-wasm'
import { ownKernels } from '#kernels'
import type { Simd } from './detect-simd.ts'
import { BUILD } from './generated/build.ts'

/** Kernels from elsewhere than this package's own JavaScript. */
export type WasmSource = ArrayBuffer | Uint8Array | WebAssembly.Module | URL | Response

export interface Kernels {
  readonly step: (record: number, from: number, to: number, scratch: number) => void
  /** 12 chains of `rounds` multiply-adds of 4 floats: 96 FLOP a round. */
  readonly peak: (rounds: number, factor: number) => number
}

const own = new Map<string, Promise<WebAssembly.Module>>()

/** The compiled kernels: this package's own, compiled once, or those of `source`; `shared`: for shared memory. */
export function loadModule(
  simd: Simd,
  source: WasmSource | undefined,
  shared: boolean,
): Promise<WebAssembly.Module> {
  if (source !== undefined) return compileSource(source, shared)
  const key = `${simd} ${shared}`
  let module = own.get(key)
  if (!module) {
    module = ownKernels(simd).then((kernels) =>
      kernels instanceof WebAssembly.Module ? kernels : compileBytes(kernels, 'the embedded kernels', shared),
    )
    own.set(key, module)
    module.catch(() => own.delete(key))
  }
  return module
}

async function compileSource(source: WasmSource, shared: boolean): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source
  if (source instanceof ArrayBuffer)
    return compileBytes(new Uint8Array(source), 'the given ArrayBuffer', shared)
  if (source instanceof Uint8Array) return compileBytes(source, 'the given Uint8Array', shared)
  const where = source instanceof URL ? source.href : source.url || 'the given Response'
  let response: Response
  try {
    response = source instanceof URL ? await fetch(source) : source
  } catch (cause) {
    throw new MobileOneError('network', `wasm: could not fetch the kernels from ${where}`, { cause })
  }
  if (!response.ok) {
    throw new MobileOneError('network', `wasm: ${where} answered ${response.status} ${response.statusText}`)
  }
  return compileBytes(new Uint8Array(await response.arrayBuffer()), where, shared)
}

async function compileBytes(bytes: Uint8Array, where: string, shared: boolean): Promise<WebAssembly.Module> {
  const magic = [0x00, 0x61, 0x73, 0x6d]
  if (!magic.every((byte, i) => bytes[i] === byte)) {
    const text = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart()
    throw new MobileOneError(
      'invalid-file',
      text.startsWith('<')
        ? `wasm: got HTML from ${where} (SPA fallback?); serve the kernels' .wasm file at that address`
        : `wasm: ${where} is not a WebAssembly module: it does not begin with \\0asm`,
    )
  }
  try {
    return await WebAssembly.compile((shared ? importShared(bytes) : bytes) as BufferSource)
  } catch (cause) {
    throw new MobileOneError(
      'unavailable',
      `wasm: this engine does not compile ${where}: ${(cause as Error).message} ` +
        "(a Content-Security-Policy must allow 'wasm-unsafe-eval'; a bundler for Cloudflare workers must set the condition " +
        '"workerd", which brings the kernels as modules)',
      { cause },
    )
  }
}

/**
 * Kernels over `memory`.
 * @throws MobileOneError `invalid-file` when `module` is not of this package's build.
 */
export async function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<Kernels> {
  let found: unknown
  let kernels: Kernels | undefined
  try {
    const { exports } = await WebAssembly.instantiate(module, { env: { memory } })
    kernels = exports as unknown as Kernels
    found = (exports as { build?: () => number }).build?.()
  } catch (cause) {
    throw new MobileOneError(
      'invalid-file',
      `wasm: the kernels do not link: ${(cause as Error).message}` +
        (typeof SharedArrayBuffer === 'function' && memory.buffer instanceof SharedArrayBuffer
          ? '; for several threads pass the bytes of the kernels, not a WebAssembly.Module, or use threads: 1'
          : ''),
      { cause },
    )
  }
  if (found !== BUILD) {
    throw new MobileOneError(
      'invalid-file',
      `wasm: the kernels are of build ${String(found)} and this package's JavaScript of build ${BUILD}; use both from one version`,
    )
  }
  return kernels
}
