/** `npm run demo:figures`: what a first visit to the built page takes, in Chromium on this machine. */
import { readdirSync, statSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { launchChromium } from '@mobileone/testkit'
import { type FirstLoad, measureFirstLoad } from './measure/first-load.ts'

const usage = `npm run demo:figures [-- --visits 5] [--files] [--json]

Visits the built page with empty caches and prints medians. Chromium is CHROMIUM_PATH, or /usr/bin/chromium.

  --visits <number>  default 5
  --files            list what is loaded until a picture can be classified
  --json             print all visits as JSON`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      visits: { type: 'string', default: '5' },
      files: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return console.log(usage)
  const count = Number(values.visits)
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`--visits: "${values.visits}" is no number from 1`)
  const folder = fileURLToPath(new URL('./site', import.meta.url))
  const browser = await launchChromium()
  const visits: FirstLoad[] = []
  try {
    for (let visit = 0; visit < count; visit++) visits.push(await measureFirstLoad(browser, folder))
  } finally {
    await browser.close()
  }
  if (values.json) return console.log(JSON.stringify(visits))

  const middle = (of: (visit: FirstLoad) => number): number =>
    visits.map(of).sort((a, b) => a - b)[Math.floor(count / 2)] as number
  const ms = (value: number): string => `${value.toFixed(0)} ms`
  const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`
  const print = (name: string, value: string): void => console.log(`${name.padEnd(44)} ${value}`)
  console.log(
    `Chromium ${browser.version()}, ${cpus().length} processors (${cpus()[0]?.model}), load ${loadavg()[0]?.toFixed(1)}, ${count} visits, medians\n`,
  )
  print('first contentful paint', ms(middle((visit) => visit.firstContentfulPaint)))
  print('largest contentful paint', ms(middle((visit) => visit.largestContentfulPaint)))
  print('a picture can be classified', ms(middle((visit) => visit.ready)))
  print('layout shift (largest)', Math.max(...visits.map((visit) => visit.layoutShift)).toFixed(4))
  print(
    'tasks over 50 ms on the page (most)',
    `${Math.max(...visits.map((visit) => visit.longTasks.length))}`,
  )
  print('sent until then, headers included', kB(middle((visit) => visit.sentBytes)))
  print('  in files', `${middle((visit) => visit.files.length)}`)
  print('  of the model', kB(bytesOf(visits[0] as FirstLoad, /^\/models\//)))
  print('  by the worker, model aside', kB(bytesOf(visits[0] as FirstLoad, /^\/assets\//, 'worker')))
  print('everything kept for offline use, uncompressed', kB(sizeOf(folder)))
  if (values.files) {
    console.log()
    for (const { by, path, bytes, start, end } of (visits[0] as FirstLoad).files) {
      console.log(
        `${by.padEnd(7)} ${ms(start).padStart(7)} ${ms(end).padStart(7)} ${kB(bytes).padStart(9)}  ${path}`,
      )
    }
  }
}

function bytesOf({ files }: FirstLoad, path: RegExp, by?: string): number {
  return files
    .filter((file) => path.test(file.path) && (!by || file.by === by))
    .reduce((sum, { bytes }) => sum + bytes, 0)
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(br|gz)$/.test(entry.name))
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`figures: ${(error as Error).message}\n`)
  process.exitCode = 1
}
