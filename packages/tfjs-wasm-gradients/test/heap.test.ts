import { isMobileOneError } from '@mobileone/core'
import * as tf from '@tensorflow/tfjs'
import '@tensorflow/tfjs-backend-wasm'
import { beforeAll, describe, expect, test } from 'vitest'
import { Heap, type WasmBackend } from '../src/heap.ts'
import { loadKernels } from '../src/load-kernels.ts'
import { primitiveKernels } from '../src/primitive-kernels.ts'
import { createPrimitives } from '../src/primitives.ts'
import { registerWasmGradients, shareClones } from '../src/register.ts'

beforeAll(() => registerWasmGradients(tf))

const x = [1, 2, 3, 4, 5, 6]
const covarianceOfX = [8 / 3, 8 / 3, 8 / 3, 8 / 3].map(Math.fround)

function covarianceOnTfjs(): number[] {
  return tf.tidy(() => [
    ...createPrimitives(tf)
      .covariance(tf.tensor2d(x, [3, 2]))[0]
      .dataSync(),
  ])
}

describe('registration', () => {
  test('leaves what is registered, ours and theirs', async () => {
    const names = ['MobileOneCovariance', 'Conv2DBackpropFilter', 'DepthwiseConv2dNative', 'Identity']
    const before = names.map((name) => tf.getKernel(name, 'wasm'))
    await registerWasmGradients(tf)
    expect(names.map((name) => tf.getKernel(name, 'wasm'))).toEqual(before)
    for (const [index, kernel] of before.entries()) expect(tf.getKernel(names[index]!, 'wasm')).toBe(kernel)
    expect(tf.getKernel('MobileOneCovariance', 'cpu')).toBeUndefined()
  })

  test('serves a backend that was removed and made again', async () => {
    await tf.setBackend('wasm')
    expect(covarianceOnTfjs()).toEqual(covarianceOfX)
    const factory = tf.findBackendFactory('wasm')
    tf.removeBackend('wasm')
    tf.registerBackend('wasm', factory, 2)
    await tf.setBackend('wasm')
    expect(covarianceOnTfjs()).toEqual(covarianceOfX)
  })
})

describe('the memory of the backend', () => {
  const memories = {
    private: () => new WebAssembly.Memory({ initial: 1, maximum: 1024 }),
    shared: () => new WebAssembly.Memory({ initial: 1, maximum: 1024, shared: true }),
  }
  test.each(Object.entries(memories))('may be %s', async (_, make) => {
    const memory = make()
    const heap = new Heap(backendOver({ wasmMemory: memory }, memory), await loadKernels())
    const input = heap.output([3, 2])
    new Float32Array(memory.buffer).set(x, heap.address(input) / 4)
    const covariance = primitiveKernels(tf).MobileOneCovariance!(heap, { x: input }, {}) as tf.TensorInfo
    const at = heap.address(covariance) / 4
    expect([...new Float32Array(memory.buffer).slice(at, at + 6)]).toEqual([...covarianceOfX, 3, 4])
  })

  test('is not written to by making the instance', async () => {
    const memory = memories.private()
    const bytes = new Uint8Array(memory.buffer).fill(0xa5)
    new Heap(backendOver({ asm: { memory } }, memory), await loadKernels())
    expect(bytes.every((byte) => byte === 0xa5)).toBe(true)
  })

  test('that is not shown, or full, is an error that says what to do', async () => {
    const memory = memories.private()
    const modules = await loadKernels()
    const message = (run: () => unknown): string => {
      try {
        run()
      } catch (error) {
        if (isMobileOneError(error)) return `${error.code}: ${error.message}`
      }
      return 'no error of ours'
    }
    expect(message(() => new Heap(backendOver({}, memory), modules))).toMatch(
      /^unavailable: .*does not show its memory; use/,
    )
    const heap = new Heap(backendOver({ wasmMemory: memory }, memory), modules)
    expect(message(() => heap.output([1e9]))).toMatch(/^unavailable: .*no room .*smaller batch/)
    expect(message(() => heap.scratch(1e9, () => 0))).toMatch(/^unavailable: .*no room .*smaller batch/)
  })

  /** A backend like tfjs's whose memory is never freed. */
  function backendOver(module: object, memory: WebAssembly.Memory): WasmBackend {
    let end = 1024
    const places = new Map<object, { memoryOffset: number }>()
    const allocate = (bytes: number): number => {
      if (end + bytes > memory.buffer.byteLength) return 0
      const address = end
      end += (bytes + 15) & -16
      return address
    }
    const wasm = { ...module, _malloc: allocate, _free: () => {} }
    return {
      wasm,
      dataIdMap: { get: (id) => places.get(id)! },
      makeOutput(shape, dtype) {
        const dataId = {}
        places.set(dataId, {
          memoryOffset: wasm._malloc(4 * shape.reduce((size, length) => size * length, 1)),
        })
        return { dataId, shape: [...shape], dtype }
      },
      disposeData: () => true,
    }
  }
})

test('integer and boolean inputs are taken as numbers, as on tfjs-cpu', async () => {
  const values: number[][] = []
  for (const backend of ['cpu', 'wasm']) {
    await tf.setBackend(backend)
    const before = tf.memory()
    const dw = tf.tidy(() =>
      tf
        .engine()
        .runKernel<tf.Tensor>(
          'Conv2DBackpropFilter',
          {
            x: tf.tensor4d([1, 0, 1, 1], [1, 2, 2, 1], 'bool'),
            dy: tf.tensor4d([1, 2, -3, 4], [1, 2, 2, 1], 'int32'),
          },
          { strides: 1, pad: 'same', dataFormat: 'NHWC', filterShape: [3, 3, 1, 1] },
        )
        .dataSync(),
    )
    values.push([...dw])
    expect(tf.memory().numTensors).toBe(before.numTensors)
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers)
  }
  expect(values[1]).toEqual(values[0])
})

test('clones that share memory outlive what they were cloned from, in either order', async () => {
  await tf.setBackend('wasm')
  shareClones(tf)
  const before = tf.memory()
  const original = tf.tensor1d([1, 2, 3])
  const clone = original.clone()
  const second = clone.clone()
  original.dispose()
  expect([...clone.dataSync()]).toEqual([1, 2, 3])
  clone.dispose()
  const other = tf.tensor1d([7, 8, 9])
  expect([...second.dataSync()]).toEqual([1, 2, 3])
  tf.dispose([second, other])
  expect(tf.memory().numTensors).toBe(before.numTensors)
  expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers)
  expect(covarianceOnTfjs()).toEqual(covarianceOfX)
})

/** Memory that is taken but never written to, so that the machine need not have it. */
function occupy(bytes: number): tf.Tensor[] {
  const part = 2 ** 29
  const taken: tf.Tensor[] = []
  for (let left = bytes; left > 0; left -= part) {
    const shape = [Math.min(left, part) / 4]
    const dataId = (tf.backend() as tf.KernelBackend).write(null as never, shape, 'float32')
    taken.push(tf.engine().makeTensorFromDataId(dataId as tf.DataId, shape, 'float32'))
  }
  return taken
}

describe('a heap of gigabytes', () => {
  const step = (): number[][] =>
    tf.tidy(() => {
      const { affine, depthwise, covariance, depthwiseMoments, moments } = createPrimitives(tf)
      const image = tf.tensor(
        Array.from({ length: 96 }, (_, index) => Math.sin(index)),
        [2, 4, 4, 3],
      ) as tf.Tensor4D
      const filter = tf.tensor(
        Array.from({ length: 54 }, (_, index) => Math.cos(index)),
        [3, 3, 3, 2],
      ) as tf.Tensor4D
      const dense = tf.tensor(
        Array.from({ length: 81 }, (_, index) => Math.sin(3 * index)),
        [3, 3, 3, 3],
      ) as tf.Tensor4D
      const loss = (x: tf.Tensor4D, filter: tf.Tensor4D, dense: tf.Tensor4D): tf.Scalar => {
        const rows = tf.reshape(depthwise(x, filter, undefined, [1, 1], true), [32, 6]) as tf.Tensor2D
        const square = affine(rows, tf.ones([6, 6]), tf.ones([6]), true)
        return tf.addN(
          [
            ...covariance(square),
            ...moments(square),
            ...depthwiseMoments(x, filter, [1, 1]),
            tf.conv2d(x, dense, 1, 'same'),
            tf.depthwiseConv2d(x, filter, 2, 'same'),
          ].map((value) => tf.sum(value)),
        ) as tf.Scalar
      }
      const { value, grads } = tf.valueAndGrads(loss as never)([image, filter, dense])
      return [value, ...grads].map((tensor) => [...tensor.dataSync()])
    })
  const heapBytes = (): number =>
    (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.length

  test('gives the same gradients beyond 2 GiB', async () => {
    await tf.setBackend('wasm')
    const expected = step()
    const taken = occupy(2.25 * 2 ** 30)
    try {
      expect(heapBytes()).toBeGreaterThan(2 ** 31)
      expect(step()).toEqual(expected)
    } finally {
      tf.dispose(taken)
    }
  })

  test('ends in an error that says what to do at 4 GiB, for operations of TensorFlow.js too', async () => {
    await tf.setBackend('wasm')
    const expected = step()
    const taken: tf.Tensor[] = []
    const full = (run: () => unknown): void =>
      expect(run).toThrow(
        expect.objectContaining({
          code: 'unavailable',
          message: expect.stringMatching(/4 GiB.*smaller batch/),
        }),
      )
    try {
      full(() => {
        for (;;) taken.push(...occupy(2 ** 29))
      })
      full(() => tf.tidy(() => tf.zeros([2 ** 27])))
      full(() => tf.tidy(() => tf.mul(taken[0] as tf.Tensor, 2)))
    } finally {
      tf.dispose(taken)
    }
    expect(step()).toEqual(expected)
  })
})
