/** `npm run bench:start`: from a model's bytes in memory to the first result in Chromium, int8 and float32, beside onnxruntime-web. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { wasm } from '@mobileone/backend-wasm'
import { MobileOneError, type Model, printableLines, quantize, random, tensor } from '@mobileone/core'
import { median, table } from '@mobileone/measure'
import { describeMachine } from '@mobileone/measure/node'
import { toOnnx } from '@mobileone/onnx'
import { loadDeployModel, toSafetensors, withAssumedCard } from '@mobileone/sdk'
import { goldenPath, launchChromium } from '@mobileone/testkit'
import type { Browser } from 'playwright-core'
import { inFreshPage } from '../fresh-page.ts'
import { heading } from '../measured-on.ts'
import { packageVersion } from '../paths.ts'
import { startServer } from '../server.ts'
import type { Started, startPage } from './page.ts'

const help = `From the model's bytes in memory to the first result in Chromium: createClassifier of @mobileone/sdk and a run, of an int8 and a
float32 file, and a session of onnxruntime-web and a run; one thread, 224 x 224. Starts take turns, each on a fresh page.

  npm run bench:start -- [--rounds 10] [--weights FILE] [--json]

--rounds   Starts of each. Default 10.
--weights  What is started, in any form. Default: S0 of the reference data. Its int8 form is calibrated on noise, which its speed does
           not depend on.
--json     One JSON document with every sample.
`

interface Contender {
  readonly name: string
  readonly file: string
  readonly how: Parameters<typeof startPage.start>[0]
}

const contenders: readonly Contender[] = [
  { name: 'mobileone int8', file: 'int8.safetensors', how: 'sdk' },
  { name: 'mobileone float32', file: 'float32.safetensors', how: 'sdk' },
  { name: 'onnxruntime-web float32', file: 'float32.onnx', how: 'ort' },
]
const inputFile = 'input.f32'

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '10' },
      weights: { type: 'string', default: goldenPath('mobileone_s0.pth.tar') },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(help)
  const rounds = Number(values.rounds)
  if (!(Number.isInteger(rounds) && rounds > 0)) {
    throw new MobileOneError(
      'invalid-argument',
      `--rounds takes a whole number above 0, not ${values.rounds}`,
    )
  }
  const folder = mkdtempSync(join(tmpdir(), 'mobileone-start-'))
  const before = loadavg()
  let browser: Browser | undefined
  const server = await startServer({ models: folder })
  try {
    await writeModels(await loadDeployModel(values.weights), folder)
    browser = await launchChromium()
    const seen = new Map<string, Started[]>(contenders.map(({ name }) => [name, []]))
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < contenders.length; turn++) {
        const contender = contenders[(round + turn) % contenders.length] as Contender
        process.stderr.write(`round ${round + 1} of ${rounds}: ${contender.name}\n`)
        seen.get(contender.name)?.push(await freshStart(browser, server.url, contender))
      }
    }
    const report = {
      date: new Date().toISOString(),
      machine: describeMachine(before),
      versions: {
        chromium: browser.version(),
        '@mobileone/sdk': packageVersion('@mobileone/sdk'),
        'onnxruntime-web': packageVersion('onnxruntime-web'),
      },
      results: [...seen].map(([contender, starts]) => ({ contender, ...summary(starts), starts })),
    }
    process.stdout.write(
      values.json ? `${JSON.stringify(report, undefined, 1)}\n` : printableLines(text(report)),
    )
  } finally {
    await browser?.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The same network in each form, and an input of noise. */
async function writeModels(model: Model, folder: string): Promise<void> {
  const described = await withAssumedCard(model)
  const [[name, { shape }] = ['', { shape: [1] }]] = Object.entries(model.inputs)
  const source = random(1)
  const noise = (): Float32Array =>
    Float32Array.from({ length: shape.reduce((product, length) => product * length, 1) }, () =>
      source.normal(),
    )
  const samples = Array.from({ length: 2 }, () => ({ [name]: tensor(shape, noise()) }))
  const { model: int8 } = await quantize(described, { samples, backend: wasm() })
  writeFileSync(join(folder, 'int8.safetensors'), toSafetensors(int8, { storage: 'int8' }))
  writeFileSync(join(folder, 'float32.safetensors'), toSafetensors(described))
  writeFileSync(join(folder, 'float32.onnx'), toOnnx(described))
  writeFileSync(join(folder, inputFile), new Uint8Array(noise().buffer))
}

/** A start on a page of its own. */
function freshStart(browser: Browser, url: string, { file, how }: Contender): Promise<Started> {
  type Page = { readonly startPage: typeof startPage }
  return inFreshPage(browser, `${url}/start.html`, 'startPage', async (tab) => {
    await tab.evaluate(([model, input]) => (globalThis as unknown as Page).startPage.load(model, input), [
      `/models/${file}`,
      `/models/${inputFile}`,
    ] as const)
    return tab.evaluate((given) => (globalThis as unknown as Page).startPage.start(given), how)
  })
}

interface Summary {
  readonly createMs: number
  readonly firstMs: number
  /** Medians over the starts; the last is the least of the sum. */
  readonly startMs: number
  readonly leastMs: number
  readonly best: readonly number[]
  readonly features: readonly string[]
}

function summary(starts: readonly Started[]): Summary {
  const sums = starts.map(({ createMs, firstMs }) => createMs + firstMs)
  return {
    createMs: median(starts.map(({ createMs }) => createMs)),
    firstMs: median(starts.map(({ firstMs }) => firstMs)),
    startMs: median(sums),
    leastMs: Math.min(...sums),
    best: [...new Set(starts.map(({ best }) => best))],
    features: [...new Set(starts.flatMap(({ features }) => features))],
  }
}

function text(report: {
  readonly date: string
  readonly machine: ReturnType<typeof describeMachine>
  readonly versions: Readonly<Record<string, string>>
  readonly results: readonly (Summary & { readonly contender: string })[]
}): string {
  const rows = report.results.map(({ contender, createMs, firstMs, startMs, leastMs }) => [
    contender,
    ...[createMs, firstMs, startMs, leastMs].map((ms) => ms.toFixed(1)),
  ])
  return [
    ...heading(report),
    '',
    table(['medians, ms', 'create', 'first run', 'start', 'least'], rows, [1, 2, 3, 4]),
    '',
  ].join('\n')
}

try {
  await main()
} catch (error) {
  process.stderr.write(`bench:start: ${printableLines(String((error as Error).stack))}\n`)
  process.exitCode = 1
}
