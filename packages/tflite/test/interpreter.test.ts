import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { normalInputs } from '@mobileone/conformance'
import { random, tensor, withCard } from '@mobileone/core'
import { lacking, readGolden, readGoldenFloat32 } from '@mobileone/testkit'
import { describe, expect, it } from 'vitest'
import { toTflite } from '../src/index.ts'
import { cases } from './support/cases.ts'
import { expectClose, inFloat16, runReference } from './support/compare.ts'
import { interpret } from './support/interpreter.ts'
import { deploy, withSmallLogits } from './support/models.ts'

describe.skipIf(lacking('litert'))("LiteRT's interpreter runs", () => {
  it.each(['float32', 'float16'] as const)(
    'every case with weights in %s, on XNNPACK, its own kernels and its reference kernels',
    async (storage) => {
      const inputs = Object.values(cases).map((model) => normalInputs(model, random(77)))
      const jobs = Object.values(cases).map((model, index) => ({
        bytes: toTflite(model, { storage }),
        inputs: inputs[index] ?? {},
      }))
      const results = interpret(jobs)
      expect(results.length).toBe(jobs.length)
      for (const [index, [name, model]] of Object.entries(cases).entries()) {
        const rounded = storage === 'float16' ? inFloat16(model) : model
        const wanted = await runReference(rounded, inputs[index] ?? {})
        expect(Object.keys(results[index] ?? {})).toEqual(['xnnpack', 'builtin', 'reference'])
        for (const [kernels, got] of Object.entries(results[index] ?? {})) {
          expect(Object.keys(got).sort()).toEqual(Object.keys(model.outputs).sort())
          for (const [output, value] of Object.entries(wanted)) {
            expectClose(got[output], value, 1e-5, `${name}, ${kernels}, ${output}:`)
          }
        }
      }
    },
    60_000,
  )

  it('pixels to probabilities, with preprocessing and softmax in the graph', async () => {
    const preprocess = {
      size: [65, 49],
      resize: 70,
      interpolation: 'bilinear',
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    } as const
    const model = withCard(withSmallLogits(deploy, 1 / 50), { preprocess })
    const source = random(5)
    const pixels = tensor(
      [1, 3, 65, 49],
      Float32Array.from({ length: 3 * 65 * 49 }, () => Math.floor(256 * source.next())),
    )
    const normalized = pixels.data.map((pixel, index) => {
      const channel = Math.floor(index / (65 * 49))
      return (pixel / 255 - (preprocess.mean[channel] as number)) / (preprocess.std[channel] as number)
    })
    const [input = ''] = Object.keys(model.inputs)
    const { logits } = await runReference(model, { [input]: tensor(pixels.shape, normalized) })
    const exps = Float32Array.from(logits?.data ?? [], Math.exp)
    const sum = exps.reduce((total, value) => total + value, 0)
    expect(sum).toSatisfy((value: number) => value > 1.1 * Math.max(...exps))
    const wanted = tensor(
      [1, 11],
      exps.map((value) => value / sum),
    )
    const bytes = toTflite(model, { preprocess: true, softmax: true })
    const [result] = interpret([{ bytes, inputs: { [input]: pixels } }])
    for (const [kernels, got] of Object.entries(result ?? {})) {
      expectClose(got.probabilities, wanted, 1e-5, kernels)
    }
  })

  it.skipIf(lacking('golden'))(
    "S0, to PyTorch's logits; in float16 near them",
    () => {
      const model = modelFromCheckpoint(readCheckpoint(readGolden('mobileone_s0.pth.tar')))
      const input = tensor([1, 3, 224, 224], readGoldenFloat32('s0-input-1x3x224x224.f32'))
      const wanted = tensor([1, 1000], readGoldenFloat32('s0-logits-1000.f32'))
      const [inputName = ''] = Object.keys(model.inputs)
      const [exact, half] = (['float32', 'float16'] as const).map((storage) => toTflite(model, { storage }))
      const results = interpret([
        { bytes: exact as Uint8Array, inputs: { [inputName]: input }, kernels: ['xnnpack', 'builtin'] },
        { bytes: half as Uint8Array, inputs: { [inputName]: input }, kernels: ['xnnpack'] },
      ])
      expectClose(results[0]?.xnnpack?.logits, wanted, 1e-5)
      expectClose(results[0]?.builtin?.logits, wanted, 1e-5)
      expectClose(results[1]?.xnnpack?.logits, wanted, 5e-3)
      expect((half?.length ?? 0) / (exact?.length ?? 1)).toBeLessThan(0.51)
    },
    60_000,
  )
})
