/** `npm run demo:soak`: whether the page of the camera holds no more after many changes of model and backend than after a few. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import {
  type Allowance,
  BrowserMemory,
  type Footprint,
  fewestSamples,
  goldenPath,
  growthOf,
  launchChromium,
  pictureFilm,
  softwareGpu,
} from '@mobileone/testkit'
import { createSiteServer } from './site-server.ts'
import { CameraPage, type SoakChoice, type SoakStep } from './soak/camera-page.ts'

const usage = `npm run demo:soak [-- --minutes 20] [--seconds 10] [--weights <file>] [--json]

A camera in front of the built page, its model and backend changed every ten seconds. After each round through all of them it prints
what Chromium holds (CHROMIUM_PATH, or /usr/bin/chromium), and at the end it fails if that has grown.

  --minutes <number>  how long, default 20
  --seconds <number>  between changes, default 10
  --weights <file>    a checkpoint of S0, chosen as a visitor's own file; default the one of the reference data, if it is there
  --json              print all steps and footprints as JSON too`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '10' },
      weights: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return console.log(usage)
  const minutes = positive('--minutes', values.minutes)
  const seconds = positive('--seconds', values.seconds)
  const weights = resolve(values.weights ?? goldenPath('mobileone_s0.pth.tar'))
  const hasWeights = existsSync(weights)
  if (values.weights && !hasWeights) throw new Error(`--weights: ${weights} is not there`)

  const scratch = await mkdtemp(join(tmpdir(), 'mobileone-soak-'))
  const camera = join(scratch, 'camera.y4m')
  await writeFile(camera, await cameraFilm())
  const server = createSiteServer(fileURLToPath(new URL('./site', import.meta.url)))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as { port: number }
  const browser = await launchChromium([
    ...softwareGpu,
    '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-video-capture=${camera}`,
    '--js-flags=--expose-gc',
  ])
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, permissions: ['camera'] })
    const problems: string[] = []
    page.on('pageerror', (error) => problems.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text())
    })
    await page.goto(`http://127.0.0.1:${port}/`)
    const cameraPage = new CameraPage(page, hasWeights ? weights : undefined)
    await cameraPage.startCamera()
    const backends = await cameraPage.backends()
    const choices = choicesOf(backends, hasWeights)
    console.log(
      `Chromium ${browser.version()}: ${choices.length} choices, ${minutes} minutes, a change every ${seconds} s`,
    )
    if (!hasWeights) console.log(`without S0: ${weights} is not there`)
    if (!backends.includes('webgpu')) console.log('without WebGPU: the page refuses it here')

    const memory = await BrowserMemory.of(browser, page)
    const footprints: Footprint[] = []
    const steps: SoakStep[] = []
    const end = performance.now() + 60_000 * minutes
    console.log(`\n${heading}`)
    for (const start = performance.now(); performance.now() < end; ) {
      for (const choice of choices) steps.push(await cameraPage.run(choice, seconds))
      const footprint = await memory.look()
      footprints.push(footprint)
      console.log(lineOf((performance.now() - start) / 60_000, footprint, steps.slice(-choices.length)))
    }
    report(choices, steps)
    if (values.json) console.log(JSON.stringify({ steps, footprints }))
    judge(footprints, problems)
  } finally {
    await browser.close()
    server.close()
    server.closeAllConnections()
    await rm(scratch, { recursive: true, force: true })
  }
}

/** The embedded model on one thread comes last: what it leaves is what is compared. */
function choicesOf(backends: readonly string[], hasWeights: boolean): SoakChoice[] {
  const models = hasWeights ? (['file', 'fashion-mnist'] as const) : (['fashion-mnist'] as const)
  return models.flatMap((model): SoakChoice[] => [
    ...(backends.includes('webgpu') ? [{ model, backend: 'webgpu' as const, threads: 1 }] : []),
    { model, backend: 'wasm', threads: 2 },
    { model, backend: 'wasm', threads: 1 },
  ])
}

/** A boot that is now darker and now lighter. */
function cameraFilm(): Promise<Uint8Array> {
  const boot = fileURLToPath(new URL('../assets/images/0-ankle-boot.png', import.meta.url))
  return pictureFilm(boot, { width: 640, height: 480, brightness: [0.8, 0.9, 1, 0.9] })
}

const columns = [
  'minute',
  'processes',
  'heap',
  'nodes',
  'listeners',
  'workers',
  'slowest load',
  'frames a second',
]
const heading = columns.map((name) => name.padStart(Math.max(10, name.length))).join('  ')

function lineOf(minute: number, footprint: Footprint, steps: readonly SoakStep[]): string {
  const { processBytes, heapBytes, nodes, listeners, workers } = footprint
  const cells = [
    minute.toFixed(1),
    processBytes === undefined ? '-' : `${(processBytes / 1e6).toFixed(0)} MB`,
    `${(heapBytes / 1e6).toFixed(2)} MB`,
    `${nodes}`,
    `${listeners}`,
    `${workers}`,
    `${Math.max(...steps.map(({ loadMs }) => loadMs)).toFixed(0)} ms`,
    steps.map(({ fps }) => fps).join(' '),
  ]
  return cells.map((cell, index) => cell.padStart(Math.max(10, columns[index]?.length ?? 0))).join('  ')
}

function report(choices: readonly SoakChoice[], steps: readonly SoakStep[]): void {
  console.log()
  for (const choice of choices) {
    const own = steps.filter((step) => step.choice === choice)
    const middle = (of: (step: SoakStep) => number): number =>
      own.map(of).sort((a, b) => a - b)[Math.floor(own.length / 2)] as number
    const name = `${choice.model} on ${choice.backend}${choice.backend === 'wasm' ? ` x ${choice.threads}` : ''}`
    console.log(
      `${name.padEnd(28)} ${own.length} times, first result after ${middle(({ loadMs }) => loadMs).toFixed(0)} ms, ${middle(({ fps }) => fps)} frames a second`,
    )
  }
}

/** How much more may be held at the end: caches fill, and garbage comes and goes. */
const allowed: Readonly<Record<keyof Footprint, Allowance>> = {
  processBytes: { share: 0.05, amount: 30e6 },
  heapBytes: { share: 0.05, amount: 1e6 },
  nodes: { share: 0.05, amount: 200 },
  listeners: { share: 0.05, amount: 50 },
  workers: { share: 0, amount: 0 },
}

function judge(footprints: readonly Footprint[], problems: readonly string[]): void {
  console.log()
  for (const problem of new Set(problems)) console.log(`the page reported: ${problem}`)
  if (footprints.length < fewestSamples) {
    throw new Error(
      `${footprints.length} rounds are too few to tell growth: at least ${fewestSamples}, by more --minutes or fewer --seconds`,
    )
  }
  const grown = growthOf(footprints, allowed)
  for (const { what, from, to } of grown) {
    const [unit, digits] = what.endsWith('Bytes') ? [1e6, 1] : [1, 0]
    console.log(`grown: ${what} ${(from / unit).toFixed(digits)} -> ${(to / unit).toFixed(digits)}`)
  }
  if (grown.length > 0 || problems.length > 0) throw new Error('the page does not come back to where it was')
  console.log(`${footprints.length} rounds: nothing has grown`)
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`${name}: "${text}" is no number above 0`)
  return value
}

try {
  await main()
} catch (error) {
  process.stderr.write(`soak: ${(error as Error).message}\n`)
  process.exitCode = 1
}
