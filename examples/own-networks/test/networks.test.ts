import { ort } from '@mobileone/backend-ort'
import { interpretPackage, toCoreML } from '@mobileone/coreml'
import { fromOnnx, toOnnx } from '@mobileone/onnx'
import { loadModel, print, reference, type Tensors, tensor, toSafetensors, wasm } from '@mobileone/sdk'
import { lacking } from '@mobileone/testkit'
import { toTflite } from '@mobileone/tflite'
import { describe, expect, it } from 'vitest'
import { interpret } from '../../../packages/tflite/test/support/interpreter.ts'
import { type Detection, detections, intersectionOverUnion, type Level } from '../src/detector.ts'
import { classMap } from '../src/segmenter.ts'
import { expectClose, image, levels, networks, run } from './networks.ts'

describe.each(['detector', 'segmenter'] as const)('the %s', (name) => {
  const model = networks[name]
  const wanted = run(reference(), model)

  it('runs on wasm', async () => expectClose(await run(wasm(), model), await wanted, 2e-5))

  it('runs on ONNX Runtime', async () => {
    expectClose(await run(ort({ lib: () => import('onnxruntime-node') }), model), await wanted, 2e-5)
  })

  it('is read back from ONNX and from safetensors', async () => {
    expectClose(await run(wasm(), fromOnnx(toOnnx(model))), await wanted, 2e-5)
    const bytes = toSafetensors(model)
    const { card, ...stored } = await loadModel(bytes)
    expect(Object.keys(card ?? {})).toEqual(['source'])
    expect(print(stored)).toBe(print(model))
    expect(Buffer.compare(toSafetensors(stored), bytes)).toBe(0)
  })

  it('is written for Core ML', async () => {
    const executor = interpretPackage(toCoreML(model, { precision: 'float32' }))
    expectClose(await executor.run({ image }), await wanted, 2e-5)
    await executor.dispose()
  })

  it.skipIf(lacking('python'))('is written for TensorFlow Lite', async () => {
    const [results] = interpret([{ bytes: toTflite(model), inputs: { image } }])
    for (const outputs of Object.values(results as Record<string, Tensors>))
      expectClose(outputs, await wanted, 2e-5)
  })
})

it('shows what its decoder makes of the scores', async () => {
  const { boxes, scores } = await run(wasm(), networks.detector)
  expect(boxes?.shape).toEqual([
    1,
    4 * 3 * levels.reduce((sum, { height, width }) => sum + height * width, 0),
  ])
  const found = detections({ boxes: boxes as never, scores: scores as never }, levels, { threshold: 0.6 })
  expect(found.length).toBeGreaterThan(0)
  for (const { box, score } of found) {
    expect(score).toBeGreaterThanOrEqual(0.6)
    for (const edge of box) expect(edge >= 0 && edge <= 1).toBe(true)
  }
  for (const [index, one] of found.entries()) {
    for (const other of found.slice(index + 1)) {
      if (one.class === other.class)
        expect(intersectionOverUnion(one.box, other.box)).toBeLessThanOrEqual(0.5)
    }
  }
})

it('puts a box where its anchor is, moved and stretched', () => {
  const level: Level = { height: 2, width: 2, scale: 0.5 }
  const boxes = tensor([1, 4 * 3 * 4])
  const scores = tensor([1, 2 * 3 * 4])
  // Pixel 3 (right, below) of the square anchor, class 1; twice as wide, a tenth of half a picture to the left.
  scores.data[(0 * 2 + 1) * 4 + 3] = 0.9
  boxes.data[0 * 4 + 3] = -1
  boxes.data[2 * 4 + 3] = Math.log(2) / 0.2
  const [only, ...rest] = detections({ boxes, scores }, [level]) as [Detection, ...Detection[]]
  expect(rest).toEqual([])
  expect(only.class).toBe(1)
  for (const [index, edge] of [0.2, 0.5, 1, 1].entries()) expect(only.box[index]).toBeCloseTo(edge, 6)
})

it('names the best class of each pixel', () => {
  const logits = tensor([1, 3, 1, 2], Float32Array.of(0, 5, 1, -2, 0.5, 7))
  expect([...classMap(logits)]).toEqual([1, 2])
})
