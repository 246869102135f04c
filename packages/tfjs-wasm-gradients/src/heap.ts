import { MobileOneError } from '@mobileone/core'
import type { DataId, DataType, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'
import type { KernelModules, Kernels } from './load-kernels.ts'

/** What is used of tfjs-backend-wasm's BackendWasm (4.x), its emscripten module included. */
export interface WasmBackend {
  readonly wasm: {
    /** The exports of the WebAssembly instance; of the threaded binary they lack the memory, which it imports. */
    readonly asm?: { readonly memory?: WebAssembly.Memory }
    readonly wasmMemory?: WebAssembly.Memory
    _malloc: (bytes: number) => number
    _free(address: number): void
  }
  readonly dataIdMap: { get(dataId: DataId): { readonly memoryOffset: number } }
  makeOutput(shape: readonly number[], dtype: DataType): TensorInfo
  disposeData(dataId: DataId): boolean
}

/** A kernel of tfjs over our heap. */
export type HeapKernel = (
  heap: Heap,
  inputs: NamedTensorInfoMap,
  attrs: NamedAttrMap,
) => TensorInfo | TensorInfo[]

/** Our kernels in the memory of one tfjs-wasm backend. */
export class Heap {
  readonly kernels: Kernels
  readonly #backend: WasmBackend
  readonly #memory: WebAssembly.Memory

  /** @throws MobileOneError `unavailable` when `backend` does not show its memory, or the kernels do not fit it. */
  constructor(backend: WasmBackend, modules: KernelModules) {
    const memory = backend.wasm?.asm?.memory ?? backend.wasm?.wasmMemory
    if (!(memory instanceof WebAssembly.Memory)) {
      throw new MobileOneError(
        'unavailable',
        "wasm-gradients: this version of tfjs's wasm backend does not show its memory; use @tensorflow/tfjs-backend-wasm 4.20 to 4.22",
      )
    }
    const shared =
      typeof SharedArrayBuffer === 'function' && (memory.buffer as unknown) instanceof SharedArrayBuffer
    try {
      const module = shared ? modules.shared : modules.private
      const { exports } = new WebAssembly.Instance(module, { env: { memory } })
      this.kernels = exports as unknown as Kernels
    } catch (cause) {
      throw new MobileOneError(
        'unavailable',
        `wasm-gradients: the kernels do not link with tfjs's wasm backend: ${(cause as Error).message}`,
        { cause },
      )
    }
    this.#backend = backend
    this.#memory = memory
    refuseWhenFull(backend, memory)
  }

  /** A new tensor, with anything in it. */
  output(shape: readonly number[]): TensorInfo {
    return this.#backend.makeOutput(shape, 'float32')
  }

  /** Byte address, unsigned: beyond 2 GiB WebAssembly's own i32 is negative. */
  address(info: TensorInfo): number {
    return this.#backend.dataIdMap.get(info.dataId).memoryOffset >>> 0
  }

  /** Call `use` with `bytes` of memory, 16-byte aligned, with anything in it. */
  scratch<T>(bytes: number, use: (address: number) => T): T {
    const address = this.#backend.wasm._malloc(bytes + 16) >>> 0
    try {
      return use(Math.ceil(address / 16) * 16)
    } finally {
      this.#backend.wasm._free(address)
    }
  }

  /** Call `use` with the addresses of `infos` as float32 values; int32 and bool tensors are converted. */
  floats<T>(infos: readonly TensorInfo[], use: (...addresses: number[]) => T): T {
    const index = infos.findIndex(({ dtype }) => dtype !== 'float32')
    if (index < 0) return use(...infos.map((info) => this.address(info)))
    const info = infos[index]!
    if (info.dtype !== 'int32' && info.dtype !== 'bool') {
      throw new MobileOneError(
        'unsupported',
        `wasm-gradients: a tensor of dtype ${info.dtype} has no gradient; cast it to float32`,
      )
    }
    const size = info.shape.reduce((product, length) => product * length, 1)
    const converted = this.output(info.shape)
    try {
      const buffer = this.#memory.buffer
      const values =
        info.dtype === 'int32'
          ? new Int32Array(buffer, this.address(info), size)
          : new Uint8Array(buffer, this.address(info), size)
      new Float32Array(buffer, this.address(converted), size).set(values)
      return this.floats(infos.with(index, converted), use)
    } finally {
      this.#backend.disposeData(converted.dataId)
    }
  }

  /** Call `use` with the address of `values` as i32. */
  integers<T>(values: readonly number[], use: (address: number) => T): T {
    return this.scratch(values.length * 4, (address) => {
      new Int32Array(this.#memory.buffer, address, values.length).set(values)
      return use(address)
    })
  }
}

/**
 * Let an allocation that fails throw. TensorFlow.js does not look: its kernels would take address 0 and write over its memory.
 */
function refuseWhenFull({ wasm }: WasmBackend, memory: WebAssembly.Memory): void {
  // Emscripten replaces this function by another when it is first called.
  wasm._free(wasm._malloc(16))
  const allocate = wasm._malloc
  wasm._malloc = (bytes) => {
    const address = allocate(bytes) >>> 0
    if (address === 0 && bytes > 0) throw full(bytes, memory.buffer.byteLength)
    return address
  }
}

function full(bytes: number, heap: number): MobileOneError {
  const mebibytes = (count: number): string => `${Math.ceil(count / 2 ** 20)} MiB`
  return new MobileOneError(
    'unavailable',
    `wasm-gradients: tfjs's wasm memory, ${mebibytes(heap)} of at most 4 GiB, has no room for ${mebibytes(bytes)} more; ` +
      'use a smaller batch or smaller images',
  )
}
