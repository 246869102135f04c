import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toSafetensors } from '@mobileone/checkpoint'
import { quantize, random, tensor } from '@mobileone/core'
import { lacking } from '@mobileone/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { help, parseOptions } from '../src/options.ts'
import { openPhotographs } from '../src/photographs.ts'
import { fileSource } from '../src/prepare-networks.ts'
import { run } from '../src/run.ts'
import { checkInt8Lanes, contenders, rounds } from './int8-lanes.ts'
import { tiny } from './tiny.ts'

const folder = mkdtempSync(join(tmpdir(), 'mobileone-int8-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('int8 beside float32', { timeout: 400_000 }, () => {
  it('is held against the reference in its own arithmetic, and told in the report', () =>
    checkInt8Lanes(lacking('chromium') ? ['node'] : ['chromium', 'node']))

  it('measures a file in int8 as it is: integers or float32, whichever each computes', async () => {
    const source = random(1)
    const samples = Array.from({ length: 4 }, () => ({
      image: tensor(
        [1, 3, 32, 32],
        Float32Array.from({ length: 3072 }, () => source.normal()),
      ),
    }))
    const { model } = await quantize(tiny, { samples })
    const path = join(folder, 'tiny.int8.safetensors')
    writeFileSync(path, toSafetensors(model))
    const precisions = async (...contenders: string[]): Promise<Record<string, string | undefined>> => {
      const models = [fileSource(path)]
      const report = await run({ models, contenders, runtimes: ['node'], threads: [1], protocol: rounds })
      expect(report.skipped).toEqual([])
      return Object.fromEntries(report.results.map(({ contender, precision }) => [contender, precision]))
    }
    expect(await precisions('mobileone-wasm', 'ort-wasm', 'tfjs-wasm')).toEqual({
      'mobileone-wasm': 'int8',
      'ort-wasm': 'int8',
      'tfjs-wasm': 'float32',
    })
    // Beside a lane in int8 the others run the float32 form.
    expect(await precisions('mobileone-wasm', 'mobileone-wasm-int8', 'ort-wasm')).toEqual({
      'mobileone-wasm': 'float32',
      'mobileone-wasm-int8': 'int8',
      'ort-wasm': 'float32',
    })
  })
})

describe('the options', () => {
  it('name who runs in int8', () => {
    expect(parseOptions(['--precision', 'int8'])).toMatchObject({ precision: ['int8'], contenders })
    expect(parseOptions(['--precision', 'float32,int8'])?.contenders).toContain('tfjs-wasm')
    for (const name of contenders) expect(help).toContain(name)
  })
  it.each([
    [['--precision', 'int4'], /--precision takes float32, int8; there is no "int4"/],
    [['--precision', 'int8', '--gpu'], /--precision int8 measures on the processor/],
    [['--photos', 'x'], /--photos needs --weights/],
    [['--int8-onnx', 'x.onnx'], /need --precision int8/],
    [['--precision', 'int8', '--int8-onnx', 'x.onnx'], /are of one network/],
    [['--contenders', 'ort-wasm-int8'], /there is no "ort-wasm-int8"/],
    [['--runtimes', 'safari'], /--runtimes takes chromium, firefox, webkit, node/],
  ])('refuse %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message)
  })
})

describe('photographs', () => {
  const rule = {
    size: [32, 32],
    resize: 36,
    interpolation: 'bilinear',
    mean: [0, 0, 0],
    std: [1, 1, 1],
  } as const
  it('are refused where there are too few', async () => {
    await expect(openPhotographs(folder, rule)).rejects.toThrow(/has 0 photographs, and at least 32/)
    await expect(openPhotographs(join(folder, 'none'), rule)).rejects.toThrow(/cannot read the folder/)
  })
  it.skipIf(lacking('golden'))('to test on are none of those to calibrate on', async () => {
    const { goldenPath } = await import('@mobileone/testkit')
    const { calibration, tested } = await openPhotographs(goldenPath('imagenet-sample'), rule, 20)
    expect([calibration.length, tested.length]).toEqual([16, 20])
    for (const { input, label } of tested) {
      expect(label).toBeLessThan(1000)
      expect(calibration.some((other) => other.every((value, index) => value === input[index]))).toBe(false)
    }
  })
})
