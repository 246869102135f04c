import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { normalInputs } from '@mobileone/conformance'
import {
  type Model,
  print,
  quantize,
  random,
  reference,
  type Tensor,
  type Tensors,
  tensor,
} from '@mobileone/core'
import { lacking, readGolden, readGoldenMiddle } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { toTflite } from '../src/index.ts'
import { decibels, expectClose, runReference } from './support/compare.ts'
import { int8Model } from './support/int8-models.ts'
import { interpret } from './support/interpreter.ts'
import { openLiteRt } from './support/litert.ts'
import { readTflite } from './support/read-tflite.ts'

const int8 = 9

/** What the int8 elements of `model` stand for, as a backend without integer kernels computes with them. */
async function runStored(model: Model, inputs: Tensors): Promise<Tensors> {
  await using executor = await reference({ precision: 'float32' }).compile(model)
  return executor.run(inputs)
}

describe('the int8 form as .tflite', () => {
  it('holds int8 elements with the scales of the model, and no float32 copy', () => {
    const model = int8Model(1)
    const { operators } = readTflite(toTflite(model))
    const stored = operators.flatMap(({ inputs }) => inputs).filter((read) => read?.type === int8)
    const names = ['depthwise', 'square', 'wide', 'stored', 'head', 'logits']
    expect(stored.map((read) => read?.name)).toEqual(names.map((name) => `${name}.weight.int8`))
    for (const read of stored) {
      expect(read?.bytes).toBe(read?.shape.reduce((product, size) => product * size, 1))
      const { scales } = model.weights[read?.name.replace(/\.int8$/, '') ?? ''] as { scales: Float32Array }
      expect(read?.scales).toEqual(Array.from(scales))
    }
  })

  it.skipIf(lacking('litert'))(
    "runs on LiteRT's interpreter as its weights say, 10 random networks",
    async () => {
      const models = Array.from({ length: 10 }, (_, index) => int8Model(index + 1))
      const inputs = models.map((model) => normalInputs(model, random(7)))
      const results = interpret(
        models.map((model, index) => ({ bytes: toTflite(model), inputs: inputs[index] ?? {} })),
      )
      for (const [index, model] of models.entries()) {
        const wanted = await runStored(model, inputs[index] ?? {})
        expect(Object.keys(results[index] ?? {})).toEqual(['xnnpack', 'builtin', 'reference'])
        for (const [kernels, got] of Object.entries(results[index] ?? {})) {
          for (const [name, value] of Object.entries(wanted)) {
            expectClose(got[name], value, 1e-5, `${kernels}, ${name}: ${print(model)}`)
          }
        }
      }
    },
    60_000,
  )

  it.skipIf(lacking('golden', 'litert'))(
    "S0 runs on LiteRT's interpreter as its weights say, and near its integers",
    async () => {
      const float = modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0.pth.tar')), {
        size: [96, 96],
      })
      const inputs = { image: tensor([1, 3, 96, 96], readGoldenMiddle(96)) }
      for (const activations of [true, false]) {
        const { model } = await quantize(float, { samples: [inputs], activations, floatShare: 0 })
        const bytes = toTflite(model)
        expect(bytes.length).toBeLessThan(2_450_000)
        const wanted = await runStored(model, inputs)
        const [results = {}] = interpret([{ bytes, inputs, kernels: ['xnnpack', 'builtin'] }])
        expect(Object.keys(results)).toEqual(['xnnpack', 'builtin'])
        const integers = activations ? (await runReference(model, inputs)).logits : wanted.logits
        for (const [kernels, { logits }] of Object.entries(results)) {
          expectClose(logits, wanted.logits as Tensor, 1e-4, kernels)
          const best = (values: Float32Array): number => values.indexOf(Math.max(...values))
          expect(best((logits as Tensor).data)).toBe(best((wanted.logits as Tensor).data))
          const sqnrDb = decibels(logits as Tensor, integers as Tensor)
          console.log(
            `.tflite of S0 (${activations ? 'w8a7' : 'w8'}, ${bytes.length} bytes), ${kernels}: ${sqnrDb.toFixed(1)} dB`,
          )
          expect(sqnrDb).toBeGreaterThan(activations ? 15 : 80)
        }
      }
    },
    600_000,
  )

  it.skipIf(lacking('chromium'))('runs in LiteRT.js', async () => {
    const litert = await openLiteRt()
    try {
      const model = int8Model(3)
      const inputs = normalInputs(model, random(7))
      const [got, wanted] = [await litert.run(toTflite(model), inputs), await runStored(model, inputs)]
      for (const [name, value] of Object.entries(wanted)) expectClose(got[name], value, 1e-5, name)
    } finally {
      await litert.close()
    }
  })
})
