/** `npm run bench:downloads`: what a page fetches besides the network, of this project and of others, from the very files it fetches. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MobileOneError, type Model, printable, printableLines, variants } from '@mobileone/core'
import { randomDeployModel } from '@mobileone/measure'
import { withAssumedCard } from '@mobileone/sdk'
import { toTflite } from '@mobileone/tflite'
import type { Browser } from 'playwright-core'
import { inFreshPage } from '../fresh-page.ts'
import { packageVersion } from '../paths.ts'
import { launchGpuChromium } from '../runtimes/adapter.ts'
import { type BenchServer, startServer } from '../server.ts'
import { writeModelFiles } from '../write-model-files.ts'
import { tablesIn } from '../written-tables.ts'
import { type DownloadPage, downloadPages } from './catalogue.ts'
import { type FileSize, fileSize } from './file-sizes.ts'
import { packageFacts } from './package-facts.ts'
import type { Classify } from './pages/page.ts'
import { type DownloadReport, downloadsMarkdown, downloadsText, packagesMarkdown } from './report.ts'

const help = `What a page fetches besides the network: small pages of this project, onnxruntime-web, TensorFlow.js, LiteRT.js and MediaPipe, each built
by Vite by itself. Each is opened in Chromium and classifies a picture by S0 with random weights; only where it finds the class that the
others find, the files that it fetched are counted, as they are, with gzip and with brotli. One thread; nothing is timed.

  npm run bench:downloads -- [--only NAMES] [--json] [--write FILE]

--only     Of ${downloadPages.map(({ name }) => name).join(', ')}.
--json     One JSON document with every file.
--write    Fill the places of the Markdown file between <!-- bench downloads --> and <!-- /bench -->, and those of packages, with all
           pages, as in docs/comparison.md.
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
      write: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return void process.stdout.write(help)
  const pages = chosen(values.only)
  if (values.write !== undefined && values.only !== undefined) {
    throw new MobileOneError('invalid-argument', '--write needs all pages: leave --only out')
  }
  const fill = tablesIn(values.write, ['downloads', 'packages'])
  const report = await count(pages)
  process.stdout.write(
    values.json ? `${JSON.stringify(report, undefined, 1)}\n` : printableLines(downloadsText(report)),
  )
  fill({ downloads: downloadsMarkdown(report), packages: packagesMarkdown(report) })
  if (report.skipped.length > 0) process.exitCode = 1
}

function chosen(only: string | undefined): readonly DownloadPage[] {
  if (only === undefined) return downloadPages
  const names = only.split(',')
  const unknown = names.find((given) => !downloadPages.some(({ name }) => name === given))
  if (unknown !== undefined) {
    throw new MobileOneError(
      'invalid-argument',
      `--only takes ${downloadPages.map(({ name }) => name).join(', ')}; there is no "${unknown}"`,
    )
  }
  return downloadPages.filter(({ name }) => names.includes(name))
}

async function count(pages: readonly DownloadPage[]): Promise<DownloadReport> {
  const folder = mkdtempSync(join(tmpdir(), 'mobileone-downloads-'))
  const server = await startServer({ models: folder })
  let browser: Browser | undefined
  try {
    await writeModels(randomDeployModel(variants.s0), folder)
    browser = await launchGpuChromium(`${server.url}/start.html`, 'auto')
    const found: { page: DownloadPage; best: number; files: readonly FileSize[] }[] = []
    const skipped: { page: string; reason: string }[] = []
    for (const page of pages) {
      process.stderr.write(`${page.name}\n`)
      try {
        const best = await classify(browser, server, page)
        const files = [...server.filesOf(page.name)]
        found.push({
          page,
          best,
          files: await Promise.all(files.map(([name, path]) => fileSize(name, path))),
        })
      } catch (error) {
        skipped.push({ page: page.name, reason: (error as Error).message.split('\n')[0] ?? '' })
      }
    }
    const agreed = mostCommon(found.map(({ best }) => best))
    for (const { page, best } of found) {
      if (best !== agreed) {
        skipped.push({ page: page.name, reason: `it sees class ${best}, the others ${agreed}` })
      }
    }
    const packages = [...new Set(pages.flatMap(({ packages: [first] }) => first))]
    return {
      date: new Date().toISOString(),
      versions: {
        chromium: browser.version(),
        vite: packageVersion('vite'),
        ...Object.fromEntries(
          pages.flatMap((page) => page.packages.map((name) => [name, packageVersion(name)])),
        ),
      },
      pages: found
        .filter(({ best }) => best === agreed)
        .map(({ page: { name, title, does }, files }) => ({ page: name, title, does, files })),
      skipped,
      packages: packages.map(packageFacts),
    }
  } finally {
    await browser?.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The same network in the format of each. Labels are in none of them: whose page names classes brings their names. */
async function writeModels(model: Model, folder: string): Promise<void> {
  const described = await withAssumedCard(model)
  writeModelFiles(model, folder, 's0')
  writeFileSync(join(folder, 's0-image.tflite'), toTflite(described, { preprocess: true, softmax: true }))
}

/** The class that a page finds in a picture of 256 x 256 pixels, of which all take the middle as it is. */
function classify(browser: Browser, server: BenchServer, { name, model }: DownloadPage): Promise<number> {
  const url = `${server.runUrl(name)}downloads/${name}/download.html`
  return inFreshPage(browser, url, 'classify', (tab) =>
    tab.evaluate((address) => {
      const [side, { classify }] = [256, globalThis as unknown as { classify: Classify }]
      const canvas = Object.assign(document.createElement('canvas'), { width: side, height: side })
      const pixels = new ImageData(side, side)
      for (let index = 0; index < pixels.data.length; index++) {
        const [x, y, channel] = [(index >> 2) % side, Math.floor(index / 4 / side), index & 3]
        const wave = Math.sin(x / (7 + 5 * channel)) * Math.cos(y / (11 + 3 * channel))
        pixels.data[index] = channel === 3 ? 255 : 127.5 + 127.5 * wave
      }
      canvas.getContext('2d')?.putImageData(pixels, 0, 0)
      return classify(address, canvas)
    }, `${server.url}/models/${model}`),
  )
}

function mostCommon(values: readonly number[]): number | undefined {
  const times = (value: number): number => values.filter((each) => each === value).length
  return [...values].sort((a, b) => times(b) - times(a))[0]
}

try {
  await main()
} catch (error) {
  process.stderr.write(`bench:downloads: ${printable(String((error as Error).message))}\n`)
  process.exitCode = 1
}
