import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FoundBackend, openProjectWithBackends } from './installed-backends.ts'
import { openProject, type Project } from './program.ts'

/** What the project has installed, and what it has not. */
let full: Project
let bare: Project
beforeAll(async () => {
  full = await openProjectWithBackends()
  bare = await openProject()
})
afterAll(async () => {
  await full?.remove()
  await bare?.remove()
})

/** webgpu, on a software GPU: backends.slow.test.ts. */
const choices: readonly (readonly [string, readonly string[], number])[] = [
  ['tfjs on wasm', ['--backend', 'tfjs', '--tfjs-backend', 'wasm'], 1e-4],
  ['tfjs on cpu', ['--backend', 'tfjs', '--tfjs-backend', 'cpu'], 1e-4],
  ['onnxruntime-node', ['--backend', 'ort', '--threads', '1'], 1e-4],
  ['onnxruntime-web', ['--backend', 'ort', '--provider', 'wasm'], 1e-4],
  ['coreml in float32', ['--backend', 'coreml', '--precision', 'float32'], 1e-4],
  ['coreml in float16', ['--backend', 'coreml'], 2e-2],
  ['wasm with threads', ['--backend', 'wasm', '--threads', '2'], 1e-4],
  ['wasm with measured threads', ['--backend', 'wasm', '--threads', 'auto'], 1e-4],
  ['onnxruntime-node with measured threads', ['--backend', 'ort', '--threads', 'auto'], 1e-4],
]

describe('--backend', () => {
  const read = (name: string): Float32Array =>
    new Float32Array(new Uint8Array(readFileSync(join(full.folder, name))).buffer)
  let expected: Float32Array
  beforeAll(async () => {
    await full.json(['logits', 'red.png', '-w', 'tiny.safetensors', '-b', 'reference', '-o', 'reference.f32'])
    expected = read('reference.f32')
  })

  it.each(choices)(
    '%s gives the logits of the reference, checked with --verify',
    async (_, flags, tolerance) => {
      const args = ['logits', 'red.png', '-w', 'tiny.safetensors', ...flags, '--verify', '-o', 'found.f32']
      const { backend, shape } = await full.json<{ backend: string; shape: number[] }>(args)
      expect([backend, shape]).toEqual([flags[1], [1, 3]])
      const scale = Math.max(1, ...expected.map(Math.abs))
      const found = read('found.f32')
      expect(
        Math.max(...found.map((value, index) => Math.abs(value - (expected[index] as number)))),
      ).toBeLessThan(tolerance * scale)
    },
  )

  it('classify runs on them too, and bench measures one', async () => {
    const results = await full.json<{ top: { label: string }[] }[]>([
      'classify',
      'red.png',
      '-w',
      'tiny.safetensors',
      '--backend',
      'ort',
    ])
    expect(results[0]?.top).toHaveLength(3)
    const { results: measured } = await full.json<{ results: { contender: string; maxAbsError: number }[] }>([
      'bench',
      '-w',
      'tiny.safetensors',
      '--backend',
      'tfjs',
      '--tfjs-backend',
      'cpu',
      '--against',
      'none',
      '--runs',
      '2',
    ])
    expect(measured).toMatchObject([{ contender: 'mobileone-tfjs', maxAbsError: expect.any(Number) }])
  })

  it('--threads auto says on standard error what it came to, once', async () => {
    const measured = /^--threads auto: (1 thread|\d threads): [\d.]+ ms a run, [\d.]+ ms on \d\n$/
    const one = /^--threads auto: 1 thread\b.*\n$/
    for (const flags of [['wasm'], ['ort']]) {
      const args = ['classify', 'red.png', 'red.png', '-w', 'tiny.safetensors', '--threads', 'auto', '--json']
      const { code, stderr, stdout } = await full.run([...args, '--backend', ...flags])
      expect([code, (JSON.parse(stdout) as unknown[]).length]).toEqual([0, 2])
      expect(stderr).toMatch(availableParallelism() > 1 ? measured : one)
    }
    const web = ['classify', 'red.png', '-w', 'tiny.safetensors', '--threads', 'auto', '--backend', 'ort']
    const { stderr } = await full.run([...web, '--provider', 'wasm'])
    expect(stderr).toMatch(/^--threads auto: (1 thread|\d threads)\n$/)

    const bench = ['bench', '-w', 'tiny.safetensors', '--threads', 'auto', '--against', 'none', '--runs', '1']
    const outcome = await full.run([...bench, '--json'])
    const { results } = JSON.parse(outcome.stdout) as { results: { threads: number }[] }
    expect(outcome.stderr).toMatch(new RegExp(`^--threads auto: ${results[0]?.threads} threads?\\b`))
  })

  it.each([
    [['--backend', 'webgpu'], 'webgpu is not installed here: npm i webgpu'],
    [['--backend', 'tfjs'], '@tensorflow/tfjs-core is not installed here: npm i @tensorflow/tfjs-core'],
    [['--backend', 'ort'], 'onnxruntime-node is not installed here: npm i onnxruntime-node'],
    [
      ['--backend', 'ort', '--provider', 'wasm'],
      'onnxruntime-web is not installed here: npm i onnxruntime-web',
    ],
  ])('%j names the package that is missing', async (flags, message) => {
    const outcome = await bare.run(['classify', 'red.png', '-w', 'tiny.safetensors', ...flags])
    expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: `mobileone: ${message}\n` })
  })

  it.each([
    [['--backend', 'wasm', '--provider', 'cpu'], /--provider is for --backend ort; --backend is wasm/],
    [['--backend', 'ort', '--tfjs-backend', 'cpu'], /--tfjs-backend is for --backend tfjs; --backend is ort/],
    [
      ['--backend', 'tfjs', '--precision', 'float16'],
      /--precision is for --backend wasm and webgpu and coreml/,
    ],
    [
      ['--backend', 'tfjs', '--tfjs-backend', 'webgl'],
      /--tfjs-backend must be one of wasm, cpu; got "webgl"/,
    ],
    [['--backend', 'reference', '--threads', '2'], /--threads is for --backend wasm and ort/],
  ])('%j is refused', async (flags, message) => {
    const outcome = await full.run(['classify', 'red.png', '-w', 'tiny.safetensors', ...flags])
    expect(outcome.stderr).toMatch(message)
    expect(outcome.code).toBe(2)
  })

  it.skipIf(process.platform === 'darwin')(
    'coreml-apple is for a Mac, and says that it is untested',
    async () => {
      const args = ['classify', 'red.png', '-w', 'tiny.safetensors', '--backend', 'coreml-apple']
      const outcome = await bare.run(args)
      expect(outcome.stderr).toMatch(
        /--backend coreml-apple cannot run here: Core ML runs on macOS.*untested/,
      )
      expect(outcome.code).toBe(1)
      const { stdout } = await bare.run(['classify', '--help'])
      expect(stdout).toMatch(/coreml +an interpreter .*\n +coreml-apple +Core ML itself on a Mac; untested/)
    },
  )

  it('a provider that does not start is told in the words of the library', async () => {
    const outcome = await full.run([
      'classify',
      'red.png',
      '-w',
      'tiny.safetensors',
      '--backend',
      'ort',
      '--provider',
      'abacus',
    ])
    expect(outcome.stderr).toMatch(/--backend ort cannot run here: ort: ONNX Runtime failed.*abacus/)
    expect(outcome.code).toBe(1)
  })
})

describe('doctor', () => {
  it('tells for each backend its features, or why it is refused and what would help', async () => {
    const { backends } = await bare.json<{ backends: FoundBackend[] }>(['doctor'])
    const find = (backend: string, flags = ''): FoundBackend | undefined =>
      backends.find((found) => found.backend === backend && found.flags === flags)
    expect(find('wasm')).toMatchObject({ ok: true, features: expect.arrayContaining(['simd']) })
    expect(find('reference')).toMatchObject({ ok: true })
    expect(find('coreml')?.features[0]).toMatch(/not Core ML/)
    expect(find('wasm')?.features.join()).toMatch(/\b1 thread\b/)
    const cores = availableParallelism()
    if (cores > 1) expect(find('wasm', `--threads ${cores}`)?.features).toContain(`${cores} threads`)
    const apple = find('coreml-apple')
    expect([...(apple?.features ?? []), apple?.reason].join()).toMatch(
      /untested: .*never been compiled or run/,
    )
    expect(find('webgpu')).toEqual({
      backend: 'webgpu',
      flags: '',
      ok: false,
      features: [],
      reason: 'webgpu is not installed here: npm i webgpu',
    })
    expect(find('tfjs', '--tfjs-backend wasm')?.reason).toMatch(/npm i @tensorflow\/tfjs-core/)
    expect(find('ort', '--provider wasm')?.reason).toMatch(/npm i onnxruntime-web/)
    const { stdout } = await bare.run(['doctor'])
    expect(stdout).toMatch(/✘ webgpu +webgpu is not installed here: npm i webgpu\n/)
    expect(stdout).toMatch(/✔ wasm +(relaxed-)?simd, .*threads?/)
  })
})
