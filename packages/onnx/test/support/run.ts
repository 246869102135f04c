import { type Model, reference, type Tensors, tensor } from '@mobileone/core'
import * as native from 'onnxruntime-node'
import * as web from 'onnxruntime-web'
import { expect } from 'vitest'

web.env.wasm.numThreads = 1
web.env.logLevel = 'error'

/** What goes into a file's input: float32 tensors, or uint8 pixels. */
export type Feeds = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly data: Float32Array | Uint8Array }>
>

/** Run `model` on the reference backend. */
export async function runReference(model: Model, inputs: Tensors): Promise<Tensors> {
  await using executor = await reference().compile(model)
  return await executor.run(inputs)
}

/** Both ONNX Runtimes: native, and WebAssembly in this process. */
export const runtimes = ['onnxruntime-node', 'onnxruntime-web'] as const

/** Run an ONNX file in a real runtime. */
export async function runOnnx(
  runtime: (typeof runtimes)[number],
  bytes: Uint8Array,
  feeds: Feeds,
): Promise<Tensors> {
  const { InferenceSession, Tensor } = runtime === 'onnxruntime-node' ? native : web
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 })
  try {
    const given = Object.entries(feeds).map(([name, { shape, data }]) => [
      name,
      data instanceof Uint8Array ? new Tensor('uint8', data, shape) : new Tensor('float32', data, shape),
    ])
    const results = await session.run(Object.fromEntries(given))
    return Object.fromEntries(
      Object.entries(results).map(([name, { dims, data }]) => [
        name,
        tensor([...dims], data as Float32Array),
      ]),
    )
  } finally {
    await session.release()
  }
}

/** The largest absolute difference between two outputs; infinite where one has a NaN. */
export function maxAbsError(got: Float32Array, wanted: Float32Array): number {
  expect(got.length).toBe(wanted.length)
  let worst = 0
  for (let index = 0; index < wanted.length; index++) {
    worst = Math.max(worst, Math.abs((got[index] as number) - (wanted[index] as number)))
  }
  return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst
}

/** The largest difference between two outputs over the largest magnitude of `wanted`, or over 1 where that is less. */
export function difference(got: Float32Array, wanted: Float32Array): number {
  const scale = wanted.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1)
  return maxAbsError(got, wanted) / scale
}

/** Expect the same names and shapes, and elements within `tolerance` of each other. */
export function expectClose(got: Tensors, wanted: Tensors, tolerance: number, context = ''): void {
  expect(Object.keys(got).sort(), context).toEqual(Object.keys(wanted).sort())
  for (const [name, output] of Object.entries(wanted)) {
    expect(got[name]?.shape, `${context} ${name}`).toEqual(output.shape)
    expect(difference(got[name]?.data as Float32Array, output.data), `${context} ${name}`).toBeLessThan(
      tolerance,
    )
  }
}
