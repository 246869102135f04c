import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toSafetensors } from '@mobileone/checkpoint'
import { type Exporter, isMobileOneError, print, quantize, reparameterize } from '@mobileone/core'
import { fromOnnx } from '@mobileone/onnx'
import { type ExporterTable, exporters } from '@mobileone/sdk/export'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Command, runCommand } from '../src/command.ts'
import { exportCommand } from '../src/commands/export.ts'
import { reparam } from '../src/commands/reparam.ts'
import { tiny } from './program.ts'

let folder: string
let weights: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mobileone-export-'))
  weights = join(folder, 'tiny.safetensors')
  writeFileSync(weights, toSafetensors(tiny))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const written = (): string[] => readdirSync(folder).filter((name) => name !== 'tiny.safetensors')

/** What `export` of the weights to `output` prints as JSON. */
async function exported(
  output: string,
  flags: readonly string[] = [],
  table: ExporterTable = exporters,
): Promise<Record<string, unknown>> {
  let text = ''
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += chunk
    return true
  })
  try {
    const args = [weights, '-o', join(folder, output), ...flags, '--json']
    await runCommand(exportCommand(table) as unknown as Command, args, () => {})
  } finally {
    spy.mockRestore()
  }
  return JSON.parse(text)
}

async function refusal(output: string, ...flags: readonly string[]): Promise<string> {
  try {
    await exported(output, flags)
  } catch (error) {
    return isMobileOneError(error) ? `${error.name}: ${error.message}` : `not ours: ${error}`
  }
  return 'nothing'
}

async function help(table: ExporterTable): Promise<string> {
  let text = ''
  await runCommand(exportCommand(table) as unknown as Command, ['--help'], (part) => {
    text += part
  })
  return text
}

describe('the ending and the format', () => {
  it.each([
    ['m.safetensors', 'safetensors'],
    ['m.onnx', 'onnx'],
    ['m.mlpackage.zip', 'coreml'],
    ['m.mlpackage', 'coreml'],
    ['m.mlpackage/', 'coreml'],
    ['m.mlmodel', 'mlmodel'],
    ['m.tflite', 'tflite'],
  ])('%s is %s, with --format and without', async (output, format) => {
    expect(await exported(output)).toMatchObject({ format, form: 'deploy' })
    expect(await exported(output, ['--format', format])).toMatchObject({ format })
    expect(written()).toEqual([output.replace('/', '')])
  })

  it('writes the bytes of the format, not those of another', async () => {
    await exported('m.tflite')
    expect(readFileSync(join(folder, 'm.tflite')).subarray(4, 8).toString()).toBe('TFL3')
    await exported('m.onnx')
    expect(fromOnnx(readFileSync(join(folder, 'm.onnx'))).nodes.length).toBeGreaterThan(5)
  })

  it.each([
    ['m.tflite', 'onnx', 'onnx ends in .onnx; got "m.tflite"'],
    ['m.onnx', 'tflite', 'tflite ends in .tflite; got "m.onnx"'],
    ['m.zip', 'coreml', 'coreml ends in .mlpackage.zip or .mlpackage; got "m.zip"'],
    ['model', 'safetensors', 'safetensors ends in .safetensors; got "model"'],
  ])('%s with --format %s is refused', async (output, format, message) => {
    expect(await refusal(output, '--format', format)).toBe(
      `UsageError: the name of a file in the format ${message}`,
    )
    expect(written()).toEqual([])
  })

  it.each(['m.bin', 'model', 'm.ONNX'])('%s is refused with a list of all endings', async (output) => {
    const message = await refusal(output)
    expect(message).toContain(
      `UsageError: the ending of "${output}" belongs to no format; use .safetensors (safetensors), .onnx (onnx), `,
    )
    for (const format of Object.keys(exporters)) expect(message).toContain(` (${format})`)
    expect(written()).toEqual([])
  })

  it('a format that there is not is refused with those there are', async () => {
    expect(await refusal('m.onnx', '--format', 'pgm')).toBe(
      `UsageError: --format must be one of ${Object.keys(exporters).join(', ')}; got "pgm"`,
    )
  })
})

describe('options', () => {
  it.each([
    [
      'm.onnx',
      '--precision',
      'float16',
      '--precision is not an option of onnx; it takes --softmax, --preprocess, --dynamic-batch',
    ],
    [
      'm.onnx',
      '--naming',
      'timm',
      '--naming is not an option of onnx; it takes --softmax, --preprocess, --dynamic-batch',
    ],
    [
      'm.safetensors',
      '--softmax',
      '--softmax',
      '--softmax is not an option of safetensors; it takes --naming, --storage, --graph',
    ],
    [
      'm.tflite',
      '--dynamic-batch',
      '--dynamic-batch',
      '--dynamic-batch is not an option of tflite; it takes --storage, --softmax, --preprocess',
    ],
    ['m.mlmodel', '--precision', 'int8', '--precision of mlmodel is one of float32, float16; got "int8"'],
    [
      'm.safetensors',
      '--naming',
      'caffe',
      '--naming must be one of canonical, apple, timm, mmpretrain; got "caffe"',
    ],
  ])('%s with %s %s is refused', async (output, flag, value, message) => {
    expect(await refusal(output, flag, value)).toBe(`UsageError: ${message}`)
    expect(written()).toEqual([])
  })

  it('of int8 weights an .mlmodel says that they become floats, other formats nothing', async () => {
    const { model } = await quantize(reparameterize(tiny))
    writeFileSync(weights, toSafetensors(model))
    expect(await exported('a.mlmodel')).toMatchObject({
      notes: [expect.stringMatching(/int8 weights as floats/)],
    })
    for (const output of ['a.onnx', 'a.tflite', 'a.mlpackage']) {
      expect(await exported(output)).not.toHaveProperty('notes')
    }
  })

  it('reach the exporter', async () => {
    const { bytes: whole } = await exported('a.mlmodel')
    const { bytes: half } = await exported('b.mlmodel', ['--precision', 'float16'])
    expect(half).toBeLessThan(0.7 * (whole as number))
    const { bytes: wide } = await exported('a.tflite', ['--preprocess', '--softmax'])
    const { bytes: narrow } = await exported('b.tflite', ['--storage', 'float16'])
    expect(narrow).toBeLessThan(0.7 * (wide as number))
    const file = readFileSync(join(folder, 'a.tflite')).toString('latin1')
    expect(
      ['image.normalized', 'probabilities', 'TFLITE_METADATA'].filter((name) => !file.includes(name)),
    ).toEqual([])
  })
})

describe('an exporter is a package and a row', () => {
  /** A network as the text that `print` gives, one file, or one a node in a folder. */
  const listing: Exporter<{ prefix?: string; loud?: boolean; legend?: boolean }> = {
    specVersion: 1,
    format: 'listing',
    endings: ['.txt', '.listing'],
    description: 'the network as text',
    options: {
      prefix: { kind: 'text', description: 'What each line begins with', flag: 'line-prefix' },
      loud: { kind: 'switch', description: 'Capitals alone' },
      legend: { kind: 'switch', description: 'Write a file that explains the text' },
    },
    export(model, { prefix = '', loud = false, legend = false } = {}, fileName = `${model.name}.txt`) {
      const text = print(model).replaceAll(/^/gm, prefix)
      const bytes = new TextEncoder().encode(loud ? text.toUpperCase() : text)
      const path = fileName.endsWith('.txt') ? fileName : `${fileName}/deep/all.txt`
      const beside = { path: fileName.replace(/\.\w+$/, '.md'), bytes: Uint8Array.of(35) }
      return legend ? [{ path, bytes }, beside] : [{ path, bytes }]
    },
  }
  const table = { ...exporters, listing: async () => listing } satisfies ExporterTable

  it('is in the help, its flags too', async () => {
    const text = await help(table)
    expect(text).toMatch(/listing +\.txt \.listing +the network as text/)
    expect(text).toMatch(/--line-prefix <text> +listing: what each line begins with/)
    expect(text).toMatch(/--format <name> .*\| listing\)/)
    expect(text).toMatch(/--precision .*coreml: .*; mlmodel: .*\(float16 \| float32 \| int8\)/)
  })

  it('writes a file, a folder, and what belongs beside it', async () => {
    const result = await exported('m.txt', ['--line-prefix', '> ', '--loud'], table)
    const text = readFileSync(join(folder, 'm.txt'), 'utf8')
    expect(text).toMatch(/^> .*TINY/)
    expect(result).toMatchObject({ format: 'listing', bytes: text.length })
    expect(await exported('n.listing', ['--legend'], table)).toMatchObject({ md: join(folder, 'n.md') })
    expect(written()).toEqual(['m.txt', 'n.listing', 'n.md'])
    expect(readFileSync(join(folder, 'n.listing/deep/all.txt'), 'utf8')).toContain('tiny')
  })

  it('replaces its own folder, and nothing else', async () => {
    await exported('n.listing', [], table)
    await exported('n.listing', ['--loud'], table)
    expect(readFileSync(join(folder, 'n.listing/deep/all.txt'), 'utf8')).toContain('TINY')
    mkdirSync(join(folder, 'mine.listing'))
    await expect(exported('mine.listing', [], table)).rejects.toThrow(
      /mine\.listing exists and is not a folder with deep\/all\.txt in it, so it is not replaced/,
    )
    expect(written()).toEqual(['mine.listing', 'n.listing'])
  })
})

describe('weights that are not finite', () => {
  it('are refused by export and reparam, which name the tensor and write nothing', async () => {
    const name = 'stem.conv.0.weight'
    const found = tiny.weights[name]!
    const data = (found.data as Float32Array).slice().fill(Number.NaN, 3, 5)
    const damaged = { ...tiny, weights: { ...tiny.weights, [name]: { ...found, data } } } as typeof tiny
    writeFileSync(weights, toSafetensors(damaged))
    const reason = /weight "stem\.conv\.0\.weight" of model "tiny" holds NaN \(element 3; 2 that/
    expect(await refusal('a.onnx')).toMatch(reason)
    expect(await refusal('a.safetensors', '--form', 'train')).toMatch(reason)
    const folding = runCommand(
      reparam as unknown as Command,
      [weights, '-o', join(folder, 'b.safetensors')],
      () => {},
    )
    await expect(folding).rejects.toThrowError(reason)
    expect(written()).toEqual([])
  })
})
