import { normalInputs } from '@mobileone/conformance'
import { print, random } from '@mobileone/core'
import { lacking } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { toTflite } from '../src/index.ts'
import { expectClose, runStored } from './support/compare.ts'
import { int8Model } from './support/int8-models.ts'
import { interpret } from './support/interpreter.ts'
import { openLiteRt } from './support/litert.ts'
import { readTflite } from './support/read-tflite.ts'

const int8 = 9

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
