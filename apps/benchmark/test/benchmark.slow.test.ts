import { request } from 'node:http'
import { configFromWidths, initialize, type Model, mobileone, reparameterize } from '@mobileone/core'
import { protocol, type Report, reportText } from '@mobileone/measure'
import { lacking } from '@mobileone/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gpuLineup, lineup } from '../src/lineup.ts'
import { help, parseOptions } from '../src/options.ts'
import { run } from '../src/run.ts'
import { type BenchServer, startServer } from '../src/server.ts'
import { tiny } from './tiny.ts'

const config = configFromWidths({
  name: 'micro',
  widths: [0.25, 0.3, 0.2, 0.1],
  blocks: [1, 2, 2, 1],
  branches: 2,
  squeezeExcite: [0, 0, 1, 1],
  classes: 11,
  inputSize: [64, 64],
})
const micro: Model = reparameterize(
  initialize(mobileone(config, { form: 'train' }), { seed: 9, statistics: 'random' }),
)
const runtimes = [...(lacking('chromium') ? [] : ['chromium' as const]), 'node' as const]

describe('a run with a micro network', () => {
  let report: Report
  beforeAll(async () => {
    report = await run({
      models: [{ variant: 'micro', make: () => micro }],
      contenders: lineup.map(({ name }) => name),
      runtimes,
      threads: [1, 2],
      protocol: protocol('modelbench', { runs: 3, rounds: 2, starts: 1 }),
    })
  })

  it('measures every contender everywhere, each within the tolerance of the reference', () => {
    const wanted = runtimes.flatMap((runtime) =>
      lineup
        .filter((entry) => entry.runtimes.includes(runtime))
        .flatMap((entry) =>
          [1, 2]
            .filter((threads) => entry.refuses?.(runtime, threads) === undefined)
            .map((threads) => `${entry.name} ×${threads} in ${runtime}`),
        ),
    )
    const measured = report.results.map(
      ({ contender, runtime, threads }) => `${contender} ×${threads} in ${runtime}`,
    )
    const skipped = report.skipped.map(({ contender, reason }) => `${contender}: ${reason}`)
    expect(measured.sort(), skipped.join('\n')).toEqual(wanted.sort())
    expect(skipped).toEqual([expect.stringMatching(/^tfjs-wasm: tfjs-backend-wasm has threads in browsers/)])
    for (const { maxRelError } of report.results) expect(maxRelError).toBeLessThan(1e-4)
  })

  it('keeps every sample and every cost', () => {
    for (const result of report.results) {
      expect(result.samples, result.contender).toHaveLength(6)
      for (const ms of [result.loadMs, result.compileMs, result.firstMs, ...result.samples]) {
        expect(ms).toBeGreaterThan(0)
      }
      expect(result.startMs).toBeCloseTo(result.loadMs + result.compileMs + result.firstMs, 6)
      expect(result.memoryBytes).toBeGreaterThan(0)
      if (result.runtime === 'node') expect(result.wireBytes).toBeNull()
      else expect(result.wireGzipBytes).toBeLessThan(result.wireBytes as number)
    }
    expect(report.peaks.map(({ runtime, threads }) => `${runtime} ${threads}`)).toEqual(
      runtimes.flatMap((runtime) => [`${runtime} 1`, `${runtime} 2`]),
    )
    for (const { gflops } of report.peaks) expect(gflops).toBeGreaterThan(0)
  })

  it.skipIf(lacking('chromium'))('counts what each contender fetches, and only that', () => {
    const wire = (contender: string): number =>
      report.results.find(
        (result) => result.contender === contender && result.runtime === 'chromium' && result.threads === 1,
      )?.wireBytes ?? 0
    expect(wire('mobileone-wasm')).toBeLessThan(200_000)
    expect(wire('tfjs-wasm')).toBeGreaterThan(400_000)
    expect(wire('litert-wasm')).toBeGreaterThan(9_000_000)
    expect(wire('ort-wasm')).toBeGreaterThan(14_000_000)
  })

  it('names machine, versions and protocol, as JSON and as a table', () => {
    const copy = JSON.parse(JSON.stringify(report)) as Report
    expect(copy).toEqual(report)
    expect(copy.machine.cores).toBeGreaterThan(0)
    expect(copy.versions).toMatchObject({ 'onnxruntime-web': '1.30.0', '@litertjs/core': '2.5.3' })
    expect(Number(copy.versions.node?.split('.')[0])).toBeGreaterThanOrEqual(22)
    expect(reportText(copy)).toMatch(/^mobileone-wasm +2 /m)
  })
})

describe.skipIf(lacking('chromium'))('--gpu --quick with a tiny network', () => {
  it('counts what every contender asks of one adapter, each within the tolerance of the reference', async () => {
    const options = parseOptions(['--gpu', '--quick', '--adapter', 'software'])
    if (!options) throw new Error('the options ask for the help')
    const report = await run({ ...options, models: [{ variant: 'tiny', make: () => tiny }] })
    expect(report.skipped).toEqual([])
    expect(report.results.map(({ contender }) => contender)).toEqual(gpuLineup.map(({ name }) => name))
    for (const { contender, gpu, samples, maxRelError } of report.results) {
      expect(samples, contender).toHaveLength(3)
      expect(maxRelError, contender).toBeLessThan(1e-4)
      expect(gpu, contender).toMatchObject({ runs: 3, adapter: { software: true } })
      expect(gpu?.dispatches, contender).toBeGreaterThan(tiny.nodes.length / 3)
      expect(gpu?.uploadedBytes, contender).toBeGreaterThanOrEqual(32 * 32 * 3 * 4)
      expect(gpu?.readBytes, contender).toBeGreaterThanOrEqual(11 * 4)
    }
    expect(report.results[0]?.gpu).toMatchObject({
      submits: 1,
      buffers: 0,
      uploadedBytes: 32 * 32 * 3 * 4,
      readBytes: 11 * 4,
    })
    expect(report.versions).toMatchObject({ '@tensorflow/tfjs-backend-webgpu': '4.22.0' })
    expect(reportText(report)).toMatch(/^mobileone-webgpu .* 0 +12\.3 kB +44 B/m)
  })
})

describe('the server', () => {
  let server: BenchServer
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server.close())

  it('isolates pages and counts the fetches of a run', async () => {
    const page = await fetch(server.url)
    expect(page.headers.get('cross-origin-embedder-policy')).toBe('require-corp')
    expect(await page.text()).toContain('MobileOne benchmark')
    const bundle = await fetch(`${server.runUrl('7')}contenders/mobileone-wasm.mjs`)
    const { byteLength } = await bundle.arrayBuffer()
    await fetch(`${server.runUrl('7')}contender.html`)
    expect(server.wireOf('7').bytes).toBe(byteLength)
    expect(server.wireOf('8').bytes).toBe(0)
  })
  it.each([
    '/..%2f..%2fpackage.json',
    '/vendor/onnxruntime-web/dist/..%2fpackage.json',
    '/vendor/playwright-core/package.json',
    '/models/anything',
    '/nothing.html',
    '/%E0%A4%A',
    '/vendor/onnxruntime-web/dist',
  ])('does not answer %s', async (path) => {
    expect((await fetch(server.url + path)).status).toBe(404)
  })
  it.each(['//', '///etc', '/%00', '/models/%00', '/run/7/%00', '//%00?', '/?x'])(
    'answers GET %s, which must not end it',
    async (path) => {
      expect([200, 404]).toContain(await statusOf(server.url, path))
      expect((await fetch(server.url)).status).toBe(200)
    },
  )
  it('answers under addresses and localhost, not under names that others can make lead here', async () => {
    const { port } = new URL(server.url)
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, '192.168.1.5'])
      expect(await statusOf(server.url, '/', host), host).toBe(200)
    for (const host of [`evil.example:${port}`, 'localhost.evil.example', '127.0.0.1.evil.example'])
      expect(await statusOf(server.url, '/', host), host).toBe(421)
  })
})

/** Of a request sent as it is: `fetch` would tidy the path and set the host. */
function statusOf(url: string, path: string, host = new URL(url).host): Promise<number | undefined> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(5000)
    request({ hostname, port, path, headers: { host }, signal }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
}

describe('options', () => {
  it('have defaults, presets and limits', () => {
    expect(parseOptions(['--quick'])).toMatchObject({
      variants: ['s0', 's1'],
      protocol: { rounds: 12, starts: 1 },
    })
    expect(parseOptions([])?.variants).toHaveLength(5)
    expect(parseOptions(['--from-bytes'])?.protocol).toMatchObject({ rounds: 0, starts: 10 })
    expect(parseOptions(['--help'])).toBeUndefined()
    expect(parseOptions(['--gpu'])).toMatchObject({
      variants: ['s0'],
      contenders: gpuLineup.map(({ name }) => name),
      runtimes: ['chromium'],
      threads: [1],
      adapter: 'auto',
      protocol: { rounds: 10, starts: 3 },
    })
    expect(parseOptions(['--gpu', '--protocol', 'paper'])?.protocol.runsPerTurn).toBe(10)
    for (const entry of [...lineup, ...gpuLineup]) expect(help).toContain(entry.name)
  })
  it.each([
    [['--variants', 's9'], /--variants takes s0, s1.*there is no "s9"/],
    [['--threads', '0'], /--threads takes whole numbers of at least 1; got "0"/],
    [['--protocol', 'guess'], /--protocol takes default, modelbench, paper/],
    [['--fast'], /Unknown option '--fast'/],
    [['--from-bytes', '--runs', '3'], /--from-bytes measures only starts/],
    [['--json', '--markdown'], /exclude each other/],
    [['--gpu', '--contenders', 'ort-wasm'], /--contenders takes mobileone-webgpu.*there is no "ort-wasm"/],
    [['--gpu', '--threads', '2'], /--gpu measures in Chromium on one thread/],
    [['--gpu', '--adapter', 'cuda'], /--adapter takes auto, hardware, software/],
    [['--adapter', 'software'], /--adapter needs --gpu/],
    [['--study', 'speed'], /--study takes activations, blocks.*there is no "speed"/],
    [['--study', 'zoo', '--variants', 's0'], /--study says what is measured/],
    [['--networks', 's0'], /--networks needs --study/],
  ])('refuse %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message)
  })
})
