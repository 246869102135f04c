import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeBackend } from '@mobileone/conformance/vitest'
import { type Model, maxAbsDifference, type Tensor, tensor } from '@mobileone/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appleRunnerOn, coremlAppleBackendOn } from '../src/apple/apple-runner.ts'
import { type AppleSystem, ensureHelper, helperPath } from '../src/apple/compile-helper.ts'
import { type CoreMLBackend, coremlBackend, toCoreML } from '../src/index.ts'
import { normalInputs, tinyModel } from './support/models.ts'

const folder = mkdtempSync(join(tmpdir(), 'mobileone-apple-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fake = join(folder, 'fake-helper.mjs')

beforeAll(async () => {
  const { build } = await import('vite')
  const entry = fileURLToPath(new URL('./apple-fake-helper.ts', import.meta.url))
  const outputs = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['source', 'import', 'module', 'default'] },
    build: {
      write: false,
      minify: false,
      target: 'node20',
      lib: { entry, formats: ['es'], fileName: 'fake-helper' },
      rolldownOptions: { external: [/^node:/], platform: 'node', output: { codeSplitting: false } },
    },
  })
  const [chunk] = [outputs]
    .flat()
    .flatMap((output) => ('output' in output ? output.output : []))
    .filter((output) => output.type === 'chunk')
  writeFileSync(fake, chunk?.code ?? '')
}, 60_000)

let count = 0
function freshFolder(): string {
  const path = join(folder, String(count++))
  mkdirSync(path)
  return path
}

function script(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
}

/** A Mac whose compiler writes a script that starts the fake helper, and logs how it was called. */
function fakeMac(
  settings: {
    readonly name?: 'xcrun' | 'swiftc'
    readonly compile?: string
    readonly misbehave?: string
  } = {},
): { readonly system: AppleSystem; readonly cacheDirectory: string; readonly log: () => readonly string[] } {
  const [bin, cacheDirectory] = [freshFolder(), join(freshFolder(), 'cache')]
  const log = join(bin, 'log')
  const helper = `#!/bin/sh\nMISBEHAVE=${settings.misbehave ?? ''} exec "${process.execPath}" "${fake}" "$@"`
  writeFileSync(join(bin, 'helper'), `${helper}\n`)
  const write = settings.compile ?? `cp "${join(bin, 'helper')}" "$out"`
  script(
    join(bin, settings.name ?? 'xcrun'),
    `echo "$@" >> "${log}"
for last in "$@"; do out="$last"; done
if [ "$out" = --version ]; then echo "Swift version 5.10"; exit 0; fi
${write}`,
  )
  const env = { ...process.env, PATH: [bin, '/usr/bin', '/bin'].join(delimiter) }
  return {
    system: { platform: 'darwin', arch: 'arm64', env },
    cacheDirectory,
    log: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
  }
}

function backendOf(mac: ReturnType<typeof fakeMac>): CoreMLBackend {
  return coremlAppleBackendOn(mac.system, { precision: 'float32', cacheDirectory: mac.cacheDirectory })
}

const mac = fakeMac()
describeBackend('the contract, with the package run in another process', () => backendOf(mac), {
  exceptions: { batchNorm: 'packages hold folded models: reparameterize first' },
  trials: 1,
  timeout: 60_000,
  // What takes many compilations or a slow network is left to the interpreter's own suite.
  only: /^(probe|run|dispose|executor|suite)|^compile: (?!refuses)|^abort: (?!between)|^network: .*(outputs|squeeze)/,
})

describe('the machine', () => {
  test('a Mac with a compiler says Core ML, under a name of its own, and that this is untested', async () => {
    const backend = backendOf(fakeMac())
    expect(backend.name).toBe('coreml-apple')
    expect(await backend.probe()).toEqual({
      ok: true,
      features: ['Core ML', expect.stringMatching(/^untested: .* never been compiled or run/), 'float32'],
    })
    await using executor = await backend.compile(tinyModel())
    expect(executor.backend).toBe('coreml-apple')
  })

  test('coreml is the interpreter, on a Mac too', async () => {
    const { platform } = process
    Object.defineProperty(process, 'platform', { value: 'darwin' })
    try {
      const backend = coremlBackend()
      expect(backend.name).toBe('coreml')
      expect(await backend.probe()).toMatchObject({
        ok: true,
        features: [expect.stringMatching(/^interpreter .* not Core ML/), 'float16'],
      })
      await using executor = await backend.compile(tinyModel())
      expect(executor.backend).toBe('coreml')
    } finally {
      Object.defineProperty(process, 'platform', { value: platform })
    }
  })

  test('elsewhere it is refused, with the reason', async () => {
    for (const [system, reason] of [
      [{ platform: 'linux', arch: 'x64', env: process.env }, /runs on macOS, and this is linux \(untested/],
      [
        { platform: 'darwin', arch: 'arm64', env: { PATH: freshFolder() } },
        /xcode-select --install.*untested/,
      ],
    ] as const) {
      const cacheDirectory = freshFolder()
      const backend = coremlAppleBackendOn(system, { cacheDirectory })
      expect(await backend.probe()).toEqual({ ok: false, reason: expect.stringMatching(reason) })
      await expect(backend.compile(tinyModel())).rejects.toMatchObject({ code: 'unavailable' })
      const runner = appleRunnerOn(system, { cacheDirectory })
      await expect(runner.open(toCoreML(tinyModel()))).rejects.toMatchObject({ code: 'unsupported' })
    }
  })
})

describe('compiling the helper', () => {
  test('by xcrun with the SDK of macOS, once; the source is what is shipped', async () => {
    const copy = join(freshFolder(), 'source.swift')
    const mac = fakeMac({ compile: `cat "$7" > "${copy}" 2>/dev/null; touch "$out"` })
    const path = await ensureHelper(mac.cacheDirectory, mac.system)
    expect(path).toBe(helperPath(mac.cacheDirectory, mac.system))
    const calls = mac.log().filter((line) => !line.includes('--version'))
    expect(calls).toHaveLength(1)
    expect(calls[0]).toMatch(/^--sdk macosx swiftc -O -swift-version 5 \S+\/main\.swift -o \S+\/helper$/)
    expect(readFileSync(copy, 'utf8')).toBe(
      readFileSync(new URL('../swift/core-ml-helper.swift', import.meta.url), 'utf8'),
    )
    const before = mac.log().length
    expect(await ensureHelper(mac.cacheDirectory, mac.system)).toBe(path)
    expect(mac.log()).toHaveLength(before)
    expect(readdirSync(mac.cacheDirectory)).toEqual([path.split('/').at(-1)])
  })

  test('by the swiftc of the PATH where there is no xcrun', async () => {
    const mac = fakeMac({ name: 'swiftc' })
    await ensureHelper(mac.cacheDirectory, mac.system)
    expect(mac.log().at(-1)).toMatch(/^-O -swift-version 5 \S+\/main\.swift -o \S+\/helper$/)
  })

  test('another processor is another file', () => {
    const { system, cacheDirectory } = fakeMac()
    expect(helperPath(cacheDirectory, { ...system, arch: 'x64' })).not.toBe(
      helperPath(cacheDirectory, system),
    )
  })

  test('several at once make one helper', async () => {
    const mac = fakeMac()
    const paths = await Promise.all(
      Array.from({ length: 4 }, () => ensureHelper(mac.cacheDirectory, mac.system)),
    )
    expect(new Set(paths).size).toBe(1)
    expect(readdirSync(mac.cacheDirectory)).toHaveLength(1)
  })

  test('what the compiler says is in the error, and nothing is kept', async () => {
    const mac = fakeMac({ compile: 'echo "main.swift:3:1: error: cannot find MLModel" >&2; exit 1' })
    await expect(ensureHelper(mac.cacheDirectory, mac.system)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/exit code 1\): main.swift:3:1: error: cannot find MLModel/),
    })
    const silent = fakeMac({ compile: 'exit 0' })
    await expect(ensureHelper(silent.cacheDirectory, silent.system)).rejects.toThrow(/no output/)
    for (const { cacheDirectory } of [mac, silent]) expect(readdirSync(cacheDirectory)).toEqual([])
  })

  test('an abort ends the compiler', async () => {
    const mac = fakeMac({ compile: 'exec sleep 30' })
    const abort = new AbortController()
    const compiled = ensureHelper(mac.cacheDirectory, mac.system, abort.signal)
    setTimeout(() => abort.abort(), 200)
    await expect(compiled).rejects.toMatchObject({ code: 'aborted' })
    expect(readdirSync(mac.cacheDirectory)).toEqual([])
  })
})

describe('a helper that', () => {
  const model: Model = tinyModel()
  const inputs = normalInputs(model)
  const compile = async (misbehave: string): ReturnType<CoreMLBackend['compile']> =>
    await backendOf(fakeMac({ misbehave })).compile(model)

  test.each([
    ['refuse', 'invalid-model', /Core ML refused the package: no such model, on all/],
    [
      'die-at-start',
      'device-lost',
      /ended with the exit code 134, saying "dyld: Library not loaded"; compile/,
    ],
    ['other-version', 'device-lost', /not with version 1 of the protocol/],
  ])('does this at its start: %s', async (misbehave, code, message) => {
    const compiled = compile(misbehave)
    await expect(compiled).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  test.each([
    ['crash', 'device-lost', /ended by SIGSEGV/],
    ['garbage', 'device-lost', /a message that says it has \d+ bytes/],
    ['huge', 'device-lost', /a message that says it has 2147483647 bytes/],
    ['cut', 'device-lost', /ended with the exit code 0/],
    ['short', 'device-lost', /tensors that end too early/],
    ['ready-again', 'device-lost', /answered a run with "ready"/],
    ['fail', 'unavailable', /could not run the model: the Neural Engine is busy/],
    ['other-shape', 'invalid-model', /gave the output "logits" as 5, and the package says 1x5/],
    ['other-name', 'invalid-model', /gave the output "logits" not at all/],
  ])('does this in a run: %s', async (misbehave, code, message) => {
    await using executor = await compile(misbehave)
    for (let again = 0; again < 2; again++) {
      await expect(executor.run(inputs)).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      })
    }
  })

  test('speaks without being asked', async () => {
    await using executor = await compile('babble')
    await new Promise((resolve) => setTimeout(resolve, 300))
    await expect(executor.run(inputs)).rejects.toMatchObject({
      code: 'device-lost',
      message: expect.stringMatching(/sent "failed" without being asked|could not run/),
    })
  })

  test('is never ready can be given up', async () => {
    const backend = backendOf(fakeMac({ misbehave: 'never-ready' }))
    const abort = new AbortController()
    const compiled = backend.compile(model, { signal: abort.signal })
    setTimeout(() => abort.abort(), 500)
    await expect(compiled).rejects.toMatchObject({ code: 'aborted' })
  })

  test('is slow: an aborted run ends at once, and the next answer belongs to the next run', async () => {
    await using executor = await compile('slow')
    await using direct = await coremlBackend({ precision: 'float32' }).compile(model)
    const others = normalInputs(model, 7)
    const abort = new AbortController()
    const aborted = executor.run(inputs, { signal: abort.signal })
    setTimeout(() => abort.abort(), 100)
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' })
    const { logits } = await executor.run(others)
    expect(maxAbsDifference(logits as Tensor, (await direct.run(others)).logits as Tensor)).toBe(0)
  })

  test('does not end is killed when it is disposed of', async () => {
    const executor = await compile('stay')
    const start = performance.now()
    await executor.dispose()
    expect(performance.now() - start).toBeLessThan(20_000)
    await expect(executor.run(inputs)).rejects.toMatchObject({ code: 'disposed' })
  }, 30_000)
})

test('the same elements in another array give the same outputs', async () => {
  const model = tinyModel()
  await using executor = await backendOf(fakeMac()).compile(model)
  const [[name, given]] = Object.entries(normalInputs(model)) as [[string, Tensor]]
  const { logits: expected } = await executor.run({ [name]: given })
  const { logits } = await executor.run({ [name]: tensor(given.shape, given.data.slice()) })
  expect(logits).toEqual(expected)
})
