import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { quantize, type Tensor, tensor } from '@mobileone/core'
import { lacking, readGolden, readGoldenMiddle } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { toTflite } from '../src/index.ts'
import { decibels, expectClose, runReference, runStored } from './support/compare.ts'
import { interpret } from './support/interpreter.ts'

describe('the int8 form as .tflite', () => {
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
})
