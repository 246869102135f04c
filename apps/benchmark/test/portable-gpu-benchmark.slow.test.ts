import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { isMobileOneError } from '@mobileone/core'
import { lacking, vulkanDriver } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseOptions } from '../src/options.ts'
import { parseOptions as parseFolderOptions } from '../src/portable-gpu-benchmark/options.ts'
import { type FolderReport, folderText } from '../src/portable-gpu-benchmark/report.ts'
import { platforms, thisPlatform, writeFolder } from '../src/portable-gpu-benchmark/write-folder.ts'
import { tiny } from './tiny.ts'

/** The program needs WebGPU in Node, and Dawn for this platform. */
const cannotRun = lacking('webgpu') || !platforms().includes(thisPlatform)

const root = mkdtempSync(join(tmpdir(), 'mobileone-folder-'))
const folder = join(root, 'gpu')
afterAll(() => rmSync(root, { recursive: true, force: true }))

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function bench(...args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, VK_ICD_FILENAMES: vulkanDriver, LD_LIBRARY_PATH: dirname(vulkanDriver) }
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['bench.mjs', ...args],
      { cwd: folder, env },
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    )
  })
}

describe('the folder', () => {
  beforeAll(() => writeFolder(folder, { variant: 'tiny', model: tiny, platform: thisPlatform }))

  it('holds a program, Dawn of one platform, a network, an input and its logits', () => {
    expect(readdirSync(folder).sort()).toEqual([
      'README.md',
      'about.json',
      'bench.mjs',
      'input.f32',
      'logits.f32',
      'tiny.safetensors',
      'webgpu',
    ])
    expect(readdirSync(join(folder, 'webgpu', 'dist'))).toEqual([thisPlatform])
    const imports = readFileSync(join(folder, 'bench.mjs'), 'utf8').matchAll(/^import .* from "(.*)";$/gm)
    for (const [, name] of imports) expect(name).toMatch(/^node:/)
  })

  it('is not written over anything, nor for a platform without Dawn', async () => {
    const codeOf = (promise: Promise<void>): Promise<string> =>
      promise.then(
        () => 'written',
        (error) => (isMobileOneError(error) ? error.message : String(error)),
      )
    expect(
      await codeOf(writeFolder(folder, { variant: 'tiny', model: tiny, platform: thisPlatform })),
    ).toMatch(/is not empty; name a new folder/)
    expect(
      await codeOf(writeFolder(join(root, 'x'), { variant: 'tiny', model: tiny, platform: 'beos' })),
    ).toMatch(/no Dawn for "beos"; --platform takes .*linux-x64/)
  })

  it.skipIf(cannotRun)('runs by itself: right, counted, timed in every way', async () => {
    const ended = await bench('--runs', '3', '--batch', '2', '--json', 'result.json')
    expect(ended.code, ended.stderr).toBe(0)
    const report = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as FolderReport
    expect(report.maxRelError).toBeLessThan(1e-5)
    expect(report.use).toMatchObject({
      runs: 6,
      dispatches: report.steps.length,
      submits: 1,
      buffers: 0,
      uploadedBytes: 32 * 32 * 3 * 4,
      readBytes: 44,
    })
    expect(report.clock).toBe('timestamp-query')
    for (const { samples } of [report.readback, report.onGpu, report.submit]) expect(samples).toHaveLength(3)
    expect(report.batched).toMatchObject({ batch: 2, medianMs: expect.any(Number) })
    expect(report.steps.reduce((sum, { ms }) => sum + ms, 0)).toBeGreaterThan(0)
    expect(ended.stdout).toBe(folderText(report))
    expect(ended.stdout).toMatch(/0 buffers made, 12288 bytes uploaded, 44 read/)
  })

  it.skipIf(cannotRun)('says what is wrong: logits, precision, options', async () => {
    expect((await bench('--precision', 'f16-storage')).stderr).toMatch(/needs the feature shader-f16/)
    expect((await bench('--runs', '0')).stderr).toMatch(/--runs takes whole numbers of at least 1/)
    writeFileSync(join(folder, 'logits.f32'), new Uint8Array(44))
    const { code, stderr } = await bench()
    expect(stderr).toMatch(/wrong: differs from the reference/)
    expect(code).toBe(1)
  })
})

describe('options', () => {
  it('of the folder', () => {
    expect(parseOptions(['--gpu-folder', 'x'])).toMatchObject({
      variants: ['s0'],
      gpuFolder: { path: 'x', platform: thisPlatform },
    })
  })
  it.each([
    [['--gpu-folder', 'x', '--weights', 'y'], /leave --weights out/],
    [['--gpu-folder', 'x', '--variants', 's0,s1'], /name one variant/],
    [['--gpu-folder', ''], /takes the name of a folder/],
    [['--platform', 'linux-x64'], /--platform needs --gpu-folder/],
  ])('refuse %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message)
  })
  it('of its program', () => {
    expect(parseFolderOptions([])).toMatchObject({ precision: 'f32', dawn: [] })
    expect(parseFolderOptions(['--dawn', 'a=1', '--dawn', 'b=2'])?.dawn).toEqual(['a=1', 'b=2'])
    expect(parseFolderOptions(['--help'])).toBeUndefined()
    expect(() => parseFolderOptions(['--batch', '1.5'])).toThrow(/--batch takes whole numbers/)
    expect(() => parseFolderOptions(['--fast'])).toThrow(/Unknown option '--fast'/)
  })
})
