import type { KernelBackend, KernelConfig } from '@tensorflow/tfjs-core'
import { branchKernels } from './branch-kernels.ts'
import { convolutionGradients } from './convolution-gradients.ts'
import { Heap, type HeapKernel, type WasmBackend } from './heap.ts'
import { loadKernels } from './load-kernels.ts'
import { primitiveKernels } from './primitive-kernels.ts'
import type { Tfjs } from './primitives.ts'

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
  for (const [name, kernel] of Object.entries({
    ...convolutionGradients(tf),
    ...primitiveKernels(tf),
    ...branchKernels(tf),
  }))
    register(name, kernel)
  const running = tf.getBackend() === 'wasm' ? tf.backend() : undefined
  if (running) heapOf(running as unknown as WasmBackend)
}

/**
 * Let `clone`, which keeps what a backward pass needs, share memory on tfjs's backend 'wasm', as it does on the others:
 * tfjs-wasm's own kernel Identity copies, some 8 % of a training step. It replaces that kernel for everything on `tf`.
 */
export function shareClones(tf: Tfjs): void {
  const kernelFunc: KernelConfig['kernelFunc'] = ({ inputs, backend }) => {
    const { dataId, shape, dtype } = inputs.x!
    ;(backend as KernelBackend).incRef(dataId)
    return { dataId, shape, dtype }
  }
  if (tf.getKernel('Identity', 'wasm')) tf.unregisterKernel('Identity', 'wasm')
  tf.registerKernel({ kernelName: 'Identity', backendName: 'wasm', kernelFunc })
}
