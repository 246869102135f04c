import { safetensors, toSafetensors } from '@mobileone/checkpoint'
import { type Exporter, initialize, isMobileOneError, type Model, mobileone } from '@mobileone/core'
import { toCoreML } from '@mobileone/coreml'
import { toMLModel } from '@mobileone/coreml/mlmodel'
import { toOnnx } from '@mobileone/onnx'
import { expect, test } from 'vitest'
import { checkEnding, checkOptions, exporterFor, exporters, exportModel } from '../src/exporters.ts'
import { withAssumedCard } from '../src/index.ts'

const model: Model = initialize(
  mobileone(
    {
      name: 'small',
      input: { channels: 3, size: [32, 32] },
      stem: { channels: 8, stride: 2, branches: 1 },
      stages: [{ blocks: 1, channels: 8, stride: 2, branches: 1, squeezeExcite: 0 }],
      classes: 4,
    },
    { form: 'deploy' },
  ),
  { seed: 1 },
)

const formats = Object.keys(exporters) as (keyof typeof exporters)[]

/** The error `work` fails with. */
async function refusal(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    return isMobileOneError(error) ? `${error.code}: ${error.message}` : `not ours: ${error}`
  }
  return 'nothing'
}

test.each(formats)('%s is the exporter of its row', async (format) => {
  const exporter: Exporter = await exporters[format]()
  expect(exporter).toMatchObject({ specVersion: 1, format })
  expect(exporter.description).not.toBe('')
  for (const ending of exporter.endings) expect(ending).toMatch(/^\.[a-z.]+$/)
  for (const option of Object.values(exporter.options)) {
    expect(option.description).toMatch(/^[A-Z].*[^.]$/)
    if (option.kind === 'choice' && option.default !== undefined)
      expect(option.choices).toContain(option.default)
  }
})

test('no two formats share an ending', async () => {
  const endings = (await Promise.all(formats.map((format) => exporters[format]()))).flatMap(
    (exporter) => exporter.endings as readonly string[],
  )
  expect(new Set(endings).size).toBe(endings.length)
})

test.each(formats)('%s writes what was asked for first, under the name it was given', async (format) => {
  for (const ending of (await exporters[format]()).endings) {
    const [{ path }] = await exportModel(model, format, { fileName: `mine${ending}` })
    expect(path.split('/')[0]).toBe(`mine${ending}`)
  }
  const [{ path }] = await exportModel(model, format)
  expect(path).toBe(`small${(await exporters[format]()).endings[0]}`)
})

test('the files are those of the functions, with the assumed card where the file computes by it', async () => {
  const bytes = async (...args: Parameters<typeof exportModel>): Promise<Uint8Array> =>
    (await exportModel(...args))[0].bytes
  const complete = await withAssumedCard(model)
  expect(await bytes(model, 'safetensors', { storage: 'float16' })).toEqual(
    toSafetensors(model, { storage: 'float16' }),
  )
  expect(await bytes(model, 'onnx', { dynamicBatch: true })).toEqual(toOnnx(model, { dynamicBatch: true }))
  expect(await bytes(model, 'mlmodel')).toEqual(toMLModel(complete))
  const [first] = Object.values(toCoreML(complete, { precision: 'float32' }).files)
  expect(await bytes(model, 'coreml', { precision: 'float32', fileName: 'a.mlpackage' })).toEqual(first)
})

test('mistakes are named, with what would be right', async () => {
  expect(await refusal(() => exportModel(model, 'pgm' as 'onnx'))).toBe(
    `invalid-argument: there is no format "pgm"; the formats are ${formats.join(', ')}`,
  )
  expect(await refusal(() => exportModel(model, 'coreml', { fileName: 'm.onnx' }))).toBe(
    'invalid-argument: the name of a file in the format coreml ends in .mlpackage.zip or .mlpackage; got "m.onnx"',
  )
  expect(await refusal(() => exportModel(model, 'onnx', { precision: 'float16' } as object))).toBe(
    'invalid-argument: precision is not an option of onnx; it takes softmax, preprocess, dynamicBatch',
  )
  expect(await refusal(() => exportModel(model, 'coreml', { precision: 'int4' as 'int8' }))).toBe(
    'invalid-argument: precision of coreml is one of float16, float32, int8; got "int4"',
  )
})

test('the longest ending decides; one that nobody has is refused with all there are', async () => {
  const zip = { ...safetensors(), format: 'zip', endings: ['.zip'] } as const satisfies Exporter<never>
  const candidates: readonly Exporter[] = [zip, await exporters.coreml(), safetensors()]
  expect(exporterFor(candidates, 'a.mlpackage.zip').format).toBe('coreml')
  expect(exporterFor(candidates, 'a.zip').format).toBe('zip')
  expect(await refusal(() => exporterFor(candidates, 'm.tflite'))).toBe(
    'invalid-argument: the ending of "m.tflite" belongs to no format; ' +
      'use .zip (zip), .mlpackage.zip or .mlpackage (coreml), .safetensors (safetensors)',
  )
  expect(await refusal(() => checkEnding(zip, 'a.zipx'))).toMatch(/ends in \.zip; got "a\.zipx"/)
})

test('options are spelled as the caller does', async () => {
  const spell = (name: string): string | undefined => (name === 'metadata' ? undefined : `--${name}`)
  expect(await refusal(() => checkOptions(safetensors(), { softmax: true }, spell))).toBe(
    'invalid-argument: --softmax is not an option of safetensors; it takes --naming, --storage, --graph',
  )
})

test.each(formats)('%s refuses weights that are not finite, by name', async (format) => {
  const data = new Float32Array(4).fill(Number.POSITIVE_INFINITY)
  const damaged: Model = {
    ...model,
    weights: { ...model.weights, 'head.bias': { dtype: 'float32', shape: [4], data } },
  }
  expect(await refusal(() => exportModel(damaged, format))).toMatch(
    /^invalid-model: "small" cannot be exported as \w+: weight "head\.bias" of model "small" holds Infinity/,
  )
})
