import { toOnnx } from '@mobileone/onnx'
import * as wasm from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import {
  benchmark,
  foreignTraits,
  type Lane,
  localLane,
  type OrtLibrary,
  ortWasm,
  prepareSubject,
  protocol,
  type Skipped,
  tfjsWasm,
} from '../src/index.ts'
import { toChannelsLast } from '../src/layout.ts'
import { tinyModel } from './tiny.ts'

const model = tinyModel([33, 40])

async function measured(lane: Lane): Promise<{ error: number | undefined; skipped: readonly Skipped[] }> {
  const { results, skipped } = await benchmark({
    subjects: [await prepareSubject('tiny', model)],
    lanes: [lane],
    protocol: protocol('modelbench', { rounds: 2, runs: 2 }),
  })
  return { error: results[0]?.maxRelError, skipped }
}

describe('contenders of foreign runtimes', () => {
  const ort = ortWasm(() => import('onnxruntime-web'))
  const tfjs = tfjsWasm({ tf, wasm })

  it('ort-wasm reads ONNX', async () => {
    const { error, skipped } = await measured(localLane('ort-wasm', ort, { write: (model) => toOnnx(model) }))
    expect(skipped).toEqual([])
    expect(error).toBeLessThan(1e-5)
  })

  it('tfjs-wasm takes the model, NHWC, and frees what it made', async () => {
    const assets = new URL('../node_modules/', import.meta.url).pathname
    const { layout } = foreignTraits['tfjs-wasm']
    // `tf.memory()` would start the backend, which the contender does.
    const before = tf.engine().state.numTensors
    const { error, skipped } = await measured(localLane('tfjs-wasm', tfjs, { layout, assets }))
    expect(skipped).toEqual([])
    expect(error).toBeLessThan(1e-5)
    expect(tf.engine().state.numTensors).toBe(before)
  })

  it.each([
    ['ort-wasm', localLane('ort-wasm', ort), /takes the bytes of an ONNX file \(toOnnx\), not a model/],
    [
      'tfjs-wasm',
      localLane('tfjs-wasm', tfjs, { write: () => new Uint8Array(4) }),
      /takes a model here, not the bytes of a file/,
    ],
    [
      'tfjs-wasm',
      localLane('tfjs-wasm', tfjs, { threads: 2 }),
      /threads only in cross-origin isolated pages/,
    ],
    [
      'ort-wasm',
      localLane('ort-wasm', ortWasm({} as OrtLibrary)),
      /^ort-wasm: `lib` must be the module onnxruntime-web/,
    ],
  ])('%s says what it takes', async (_, lane, reason) => {
    const { skipped } = await measured(lane)
    expect(skipped.map((entry) => entry.reason)).toEqual([expect.stringMatching(reason)])
  })
})

it('channels go last, image by image', () => {
  const data = Float32Array.from({ length: 12 }, (_, index) => index)
  expect([...toChannelsLast(data, [2, 3, 1, 2])]).toEqual([0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11])
  expect(toChannelsLast(data, [3, 4])).toBe(data)
})
