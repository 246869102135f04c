/** `npm run bench:camera`: the same camera page on this project, onnxruntime-web and MediaPipe, in Chromium. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MobileOneError, printableLines } from '@mobileone/core'
import { median, percentile, type Report, table } from '@mobileone/measure'
import { describeMachine } from '@mobileone/measure/node'
import { toOnnx } from '@mobileone/onnx'
import { loadDeployModel, toSafetensors, withAssumedCard } from '@mobileone/sdk'
import { goldenPath, launchChromium, pictureFilm } from '@mobileone/testkit'
import { toTflite } from '@mobileone/tflite'
import type { Browser } from 'playwright-core'
import { inFreshPage } from '../fresh-page.ts'
import { heading, measuredHow, versionsText } from '../measured-on.ts'
import { packageVersion } from '../paths.ts'
import { startServer } from '../server.ts'
import { markdownTable, tablesIn } from '../written-tables.ts'
import type { ContenderName, page, Seen } from './page.ts'

const help = `Frames a second of the same camera page on this project, onnxruntime-web and MediaPipe, one thread, in Chromium.

  npm run bench:camera -- [--rounds 3] [--seconds 6] [--weights FILE] [--picture FILE] [--json]
                          [--write FILE]

The camera is a file that shows the picture, 640 x 480 at 60 frames a second. Contenders take turns, each on a page of its own.
--write fills the place of the Markdown file between <!-- bench camera --> and <!-- /bench -->, as in docs/comparison.md.
`

type Page = typeof page

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '6' },
      weights: { type: 'string', default: goldenPath('mobileone_s0.pth.tar') },
      picture: { type: 'string', default: goldenPath('imagenet-sample', 'n02123045_tabby.JPEG') },
      json: { type: 'boolean', default: false },
      write: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(help)
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)]
  if (!(Number.isInteger(rounds) && rounds > 0 && seconds > 0)) {
    throw new MobileOneError(
      'invalid-argument',
      '--rounds takes a whole number and --seconds a number above 0',
    )
  }
  const fill = tablesIn(values.write, ['camera'])
  const folder = mkdtempSync(join(tmpdir(), 'mobileone-camera-'))
  const before = loadavg()
  let browser: Browser | undefined
  const server = await startServer({ models: folder })
  try {
    await writeModels(values.weights, folder)
    const video = join(folder, 'camera.y4m')
    const film = { width: 640, height: 480, fit: 'cover', framesPerSecond: 60 } as const
    writeFileSync(video, await pictureFilm(values.picture, film))
    browser = await launchChromium([
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-video-capture=${video}`,
    ])
    const { seen, skipped } = await measure(browser, `${server.url}/camera.html`, rounds, 1000 * seconds)
    const report = {
      date: new Date().toISOString(),
      machine: describeMachine(before),
      versions: {
        chromium: browser.version(),
        'onnxruntime-web': packageVersion('onnxruntime-web'),
        '@mediapipe/tasks-vision': packageVersion('@mediapipe/tasks-vision'),
        '@mobileone/sdk': packageVersion('@mobileone/sdk'),
      },
      results: [...seen].map(([contender, turns]) => ({ contender, ...summary(turns), turns })),
      skipped: [...skipped].map(([contender, reason]) => ({ contender, reason })),
    }
    process.stdout.write(
      values.json ? `${JSON.stringify(report, undefined, 1)}\n` : printableLines(text(report)),
    )
    fill({ camera: markdown(report) })
  } finally {
    await browser?.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The same network in the format of each: folded, float32. */
async function writeModels(weights: string, folder: string): Promise<void> {
  const model = await withAssumedCard(await loadDeployModel(weights))
  writeFileSync(join(folder, 's0.safetensors'), toSafetensors(model))
  writeFileSync(join(folder, 's0.onnx'), toOnnx(model))
  writeFileSync(join(folder, 's0.tflite'), toTflite(model, { preprocess: true, softmax: true }))
  writeFileSync(join(folder, 'labels.json'), JSON.stringify(model.card?.labels))
}

/** One turn of each contender in each round, in an order that changes, each on a page of a context of its own. */
async function measure(
  browser: Browser,
  url: string,
  rounds: number,
  windowMs: number,
): Promise<{ seen: Map<ContenderName, Seen[]>; skipped: Map<ContenderName, string> }> {
  const seen = new Map<ContenderName, Seen[]>()
  const skipped = new Map<ContenderName, string>()
  for (let round = 0; round < rounds; round++) {
    const names = await inFreshPage(browser, url, 'cameraPage', (tab) =>
      tab.evaluate(() => (globalThis as unknown as { cameraPage: Page }).cameraPage.names),
    )
    for (const name of [...names.slice(round % names.length), ...names.slice(0, round % names.length)]) {
      process.stderr.write(`round ${round + 1} of ${rounds}: ${name}\n`)
      if (skipped.has(name)) continue
      try {
        const turn = await inFreshPage(browser, url, 'cameraPage', (tab) =>
          tab.evaluate(
            ([given, ms]) =>
              (globalThis as unknown as { cameraPage: Page }).cameraPage.see(given, Math.min(1500, ms), ms),
            [name, windowMs] as const,
          ),
        )
        seen.set(name, [...(seen.get(name) ?? []), turn])
      } catch (error) {
        skipped.set(name, (error as Error).message.split('\n')[0] ?? '')
      }
    }
  }
  return { seen, skipped }
}

interface Summary {
  readonly framesPerSecond: number
  readonly frameMs: number
  readonly frameP90Ms: number
  readonly startMs: number
  readonly longestStartTask: number
  readonly longestTask: number
  readonly labels: readonly string[]
}

function summary(turns: readonly Seen[]): Summary {
  return {
    framesPerSecond: median(turns.map(({ frames, windowMs }) => (1000 * frames) / windowMs)),
    frameMs: median(turns.flatMap(({ ms }) => ms)),
    frameP90Ms: percentile(
      turns.flatMap(({ ms }) => ms),
      0.9,
    ),
    startMs: median(turns.map(({ startMs }) => startMs)),
    longestStartTask: Math.max(0, ...turns.flatMap(({ startTasks }) => startTasks)),
    longestTask: Math.max(0, ...turns.flatMap(({ tasks }) => tasks)),
    labels: [...new Set(turns.map(({ label }) => label))],
  }
}

interface CameraReport extends Pick<Report, 'date' | 'machine' | 'versions'> {
  readonly results: readonly (Summary & { readonly contender: string; readonly turns: readonly Seen[] })[]
  readonly skipped: readonly { readonly contender: string; readonly reason: string }[]
}

const columns = [
  ['page', 'frames/s', 'ms/frame', 'p90', 'longest task', 'at start', 'start ms', 'it sees'],
  [1, 2, 3, 4, 5, 6],
] as const

function rowsOf({ results }: CameraReport): string[][] {
  const task = (ms: number): string => (ms === 0 ? '< 50' : ms.toFixed(0))
  return results.map((result) => [
    result.contender,
    result.framesPerSecond.toFixed(1),
    result.frameMs.toFixed(1),
    result.frameP90Ms.toFixed(1),
    task(result.longestTask),
    task(result.longestStartTask),
    result.startMs.toFixed(0),
    result.labels.join(', '),
  ])
}

function skippedLines({ skipped }: CameraReport): string[] {
  return skipped.map(({ contender, reason }) => `${contender} is left out: ${reason}`)
}

function text(report: CameraReport): string {
  const [header, right] = columns
  return [...heading(report), '', table(header, rowsOf(report), right), ...skippedLines(report), ''].join(
    '\n',
  )
}

function markdown(report: CameraReport): string {
  const [header, right] = columns
  const [first] = report.results
  const rounds = first?.turns.length ?? 0
  const seconds = (first?.turns[0]?.windowMs ?? 0) / 1000
  const skipped = skippedLines(report).map((line) => `- ${line}.`)
  return [
    `${measuredHow(report, `${rounds} rounds of ${seconds} s`)} ${versionsText(report.versions)}.`,
    '',
    markdownTable(header, rowsOf(report), right, ([name]) => name?.startsWith('ours') ?? false),
    ...(skipped.length > 0 ? ['', ...skipped] : []),
    '',
  ].join('\n')
}

try {
  await main()
} catch (error) {
  process.stderr.write(`bench:camera: ${printableLines(String((error as Error).stack))}\n`)
  process.exitCode = 1
}
