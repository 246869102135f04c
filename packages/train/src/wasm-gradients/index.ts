import type { KernelConfig } from '@tensorflow/tfjs-core'
import type { Tfjs } from '../primitives.ts'
import { Heap, type WasmBackend } from './heap.ts'
import { loadKernels } from './load.ts'
import { ownKernels } from './own.ts'
import { type HeapKernel, standardKernels } from './standard.ts'

/**
 * Give tfjs's backend 'wasm' the kernels that training needs and it lacks (Conv2DBackpropFilter,
 * DepthwiseConv2dNativeBackpropInput, DepthwiseConv2dNativeBackpropFilter) and those of {@link createPrimitives}, as SIMD
 * kernels that work in its own memory. Kernels that are registered already stay; `tf` may come before or after its backend.
 * @throws MobileOneError `unavailable` where the engine has no WebAssembly SIMD.
 */
export async function registerWasmGradients(tf: Tfjs): Promise<void> {
  const modules = await loadKernels()
  const heaps = new WeakMap<object, Heap>()
  const heapOf = (backend: WasmBackend): Heap => {
    let heap = heaps.get(backend)
    if (!heap) heaps.set(backend, (heap = new Heap(backend, modules)))
    return heap
  }
  const register = (kernelName: string, kernel: HeapKernel): void => {
    if (tf.getKernel(kernelName, 'wasm')) return
    const kernelFunc: KernelConfig['kernelFunc'] = ({ inputs, backend, attrs }) =>
      kernel(heapOf(backend as WasmBackend), inputs, attrs ?? {})
    tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc })
  }
  for (const [name, kernel] of Object.entries({ ...standardKernels(tf), ...ownKernels(tf) }))
    register(name, kernel)
}
