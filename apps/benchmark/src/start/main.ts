/** `npm run bench:start`: from a model's bytes in memory to the first result in Chromium, int8 and float32, beside others. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MobileOneError, type Model, printableLines, random } from '@mobileone/core'
import { median, type Report, table } from '@mobileone/measure'
import { describeMachine } from '@mobileone/measure/node'
import { loadDeployModel, toSafetensors, withAssumedCard } from '@mobileone/sdk'
import { goldenPath, launchChromium } from '@mobileone/testkit'
import type { Browser } from 'playwright-core'
import { inFreshPage } from '../fresh-page.ts'
import { int8Form } from '../int8-form.ts'
import { heading, measuredHow, versionsText } from '../measured-on.ts'
import { packageVersion } from '../paths.ts'
import { startServer } from '../server.ts'
import { writeModelFiles } from '../write-model-files.ts'
import { markdownTable, tablesIn } from '../written-tables.ts'
import type { Started, startPage } from './page.ts'

const help = `From the model's bytes in memory to the first result in Chromium: createClassifier of @mobileone/sdk and a run, of an int8 and a
float32 file, and the same with onnxruntime-web, LiteRT.js and TensorFlow.js (wasm); one thread, 224 x 224. Starts take turns, each on a
fresh page.

  npm run bench:start -- [--rounds 10] [--weights FILE] [--json] [--write FILE]

--rounds   Starts of each. Default 10.
--weights  What is started, in any form: a MobileOne without squeeze-and-excite. Default: S0 of the reference data. Its int8 form is calibrated on noise, which its speed does
           not depend on.
--json     One JSON document with every sample.
--write    Fill the place of the Markdown file between <!-- bench start --> and <!-- /bench -->, as in docs/comparison.md.
`

interface Contender {
  readonly name: string
  readonly files: readonly string[]
  readonly how: Parameters<typeof startPage.load>[0]
}

const contenders: readonly Contender[] = [
  { name: 'mobileone int8', files: ['int8.safetensors'], how: 'sdk' },
  { name: 'mobileone float32', files: ['float32.safetensors'], how: 'sdk' },
  { name: 'onnxruntime-web float32', files: ['float32.onnx'], how: 'ort' },
  { name: 'LiteRT.js float32', files: ['float32.tflite'], how: 'litert' },
  { name: 'TensorFlow.js float32', files: ['float32.json', 'float32.bin'], how: 'tfjs' },
]
const inputFile = 'input.f32'

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '10' },
      weights: { type: 'string', default: goldenPath('mobileone_s0.pth.tar') },
      json: { type: 'boolean', default: false },
      write: { type: 'string' },
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
  const fill = tablesIn(values.write, ['start'])
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
        '@litertjs/core': packageVersion('@litertjs/core'),
        '@tensorflow/tfjs-backend-wasm': packageVersion('@tensorflow/tfjs-backend-wasm'),
      },
      results: [...seen].map(([contender, starts]) => ({ contender, ...summary(starts), starts })),
    }
    process.stdout.write(
      values.json ? `${JSON.stringify(report, undefined, 1)}\n` : printableLines(text(report)),
    )
    fill({ start: markdown(report) })
  } finally {
    await browser?.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The same network in each form, and an input of noise. */
async function writeModels(model: Model, folder: string): Promise<void> {
  const described = await withAssumedCard(model)
  const [{ shape } = { shape: [1] }] = Object.values(model.inputs)
  const source = random(1)
  const noise = (): Float32Array =>
    Float32Array.from({ length: shape.reduce((product, length) => product * length, 1) }, () =>
      source.normal(),
    )
  const int8 = await int8Form(described, { samples: Array.from({ length: 2 }, noise) })
  writeFileSync(join(folder, 'int8.safetensors'), toSafetensors(int8, { storage: 'int8' }))
  writeModelFiles(described, folder, 'float32')
  writeFileSync(join(folder, inputFile), new Uint8Array(noise().buffer))
}

/** A start on a page of its own. */
function freshStart(browser: Browser, url: string, { files, how }: Contender): Promise<Started> {
  type Page = { readonly startPage: typeof startPage }
  return inFreshPage(browser, `${url}/start.html`, 'startPage', async (tab) => {
    await tab.evaluate((given) => (globalThis as unknown as Page).startPage.load(...given), [
      how,
      files.map((file) => `/models/${file}`),
      `/models/${inputFile}`,
    ] as const)
    return tab.evaluate(() => (globalThis as unknown as Page).startPage.start())
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

interface StartReport extends Pick<Report, 'date' | 'machine' | 'versions'> {
  readonly results: readonly (Summary & { readonly contender: string; readonly starts: readonly Started[] })[]
}

const columns = [
  ['medians, ms', 'create', 'first run', 'start', 'least'],
  [1, 2, 3, 4],
] as const

function rowsOf({ results }: StartReport): string[][] {
  return results.map(({ contender, createMs, firstMs, startMs, leastMs }) => [
    contender,
    ...[createMs, firstMs, startMs, leastMs].map((ms) => ms.toFixed(1)),
  ])
}

function text(report: StartReport): string {
  const [header, right] = columns
  return [...heading(report), '', table(header, rowsOf(report), right), ''].join('\n')
}

function markdown(report: StartReport): string {
  const [header, right] = columns
  const starts = report.results[0]?.starts.length ?? 0
  return [
    `${measuredHow(report, `${starts} fresh starts of each in turns`)} ${versionsText(report.versions)}.`,
    '',
    markdownTable(header, rowsOf(report), right, ([name]) => name?.startsWith('mobileone') ?? false),
    '',
  ].join('\n')
}

try {
  await main()
} catch (error) {
  process.stderr.write(`bench:start: ${printableLines(String((error as Error).stack))}\n`)
  process.exitCode = 1
}
