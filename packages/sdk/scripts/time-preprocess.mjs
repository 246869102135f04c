/** `npm run bench:preprocess`: how long pictures take to become inputs; `--help` says more. */
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { cpus, loadavg } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createClassifier } from '@mobileone/sdk'
import { chromium } from 'playwright-core'
import { build } from 'vite'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const help = `How long pictures take to become inputs, exactly and fast, beside drawImage, getImageData and a loop, in Chromium; and how
many photographs S0 names rightly either way, in Chromium and in Node. Ways take turns; the median and the fastest tenth are printed,
since a busy machine changes the latter little.

  npm run bench:preprocess -- [--golden ../shared/golden] [--rounds 40] [--photographs 250] [--json]

  --golden       a folder with mobileone_s0.pth.tar and imagenet-sample: photographs and their reference.json
  --rounds       how often each way is timed
  --photographs  name so many of the folder
  --json         one document on standard output instead of tables
`
const { values } = parseArgs({
  options: {
    golden: { type: 'string', default: join(root, '../shared/golden') },
    rounds: { type: 'string', default: '40' },
    photographs: { type: 'string', default: '250' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(help)
  process.exit()
}
const golden = resolve(values.golden)
const weights = join(golden, 'mobileone_s0.pth.tar')
const { images } = JSON.parse(readFileSync(join(golden, 'imagenet-sample/reference.json'), 'utf8'))
const photographs = images.slice(0, Number(values.photographs))
const sizes = [
  [640, 480],
  [1280, 720],
  [1920, 1080],
]

const script = await bundle(fileURLToPath(new URL('preprocess-page.ts', import.meta.url)))
const server = createServer((request, response) => {
  const path = decodeURIComponent(request.url ?? '/')
  if (path === '/') return response.setHeader('content-type', 'text/html').end('<!doctype html>')
  if (path === '/page.mjs') return response.setHeader('content-type', 'text/javascript').end(script)
  const file = path === '/weights' ? weights : join(golden, 'imagenet-sample', basename(path))
  if (!existsSync(file)) return response.writeHead(404).end()
  response.end(readFileSync(file))
})
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
try {
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${server.address().port}/`)
  await page.addScriptTag({ url: '/page.mjs', type: 'module' })
  await page.waitForFunction(() => 'preprocessing' in globalThis)
  await page.evaluate((name) => globalThis.preprocessing.open('/weights', `/${name}`), photographs[0].file)
  const times = []
  for (const [width, height] of sizes) {
    const found = await page.evaluate(
      (...given) => globalThis.preprocessing.time(...given[0]),
      [width, height, Number(values.rounds)],
    )
    times.push({ size: `${width}x${height}`, ...Object.fromEntries(Object.entries(found).map(summary)) })
  }
  const top1 = { chromium: {}, node: {} }
  const local = await createClassifier({ model: weights, backend: 'wasm' })
  const inNode = async (file, options) => {
    const [best] = await local.classify(join(golden, 'imagenet-sample', file), { ...options, topK: 1 })
    return best.index
  }
  const inChromium = (file, options) =>
    page.evaluate((given) => globalThis.preprocessing.classify(...given), [`/${file}`, options])
  const guesses = { chromium: {}, node: {} }
  for (const [where, classify] of Object.entries({ chromium: inChromium, node: inNode })) {
    for (const resample of ['exact', 'fast']) {
      const found = []
      for (const { file } of photographs)
        found.push(await classify(file, { resample, orientation: 'ignore' }))
      guesses[where][resample] = found
      top1[where][resample] = photographs.filter(({ label }, i) => label === found[i]).length
    }
    const { exact, fast } = guesses[where]
    top1[where].agree = exact.filter((guess, i) => guess === fast[i]).length
  }
  await local.dispose()
  report({
    machine: `${cpus()[0].model}, load ${loadavg()[0].toFixed(1)} on ${cpus().length} cores`,
    chromium: browser.version(),
    photographs: photographs.length,
    times,
    top1,
  })
} finally {
  await browser.close()
  server.close()
}

function summary([way, samples]) {
  const sorted = [...samples].sort((a, b) => a - b)
  const at = (share) => sorted[Math.floor(share * (sorted.length - 1))]
  return [way, { median: at(0.5), fastestTenth: at(0.1) }]
}

function report(result) {
  if (values.json) return console.log(JSON.stringify(result, undefined, 2))
  console.log(`Chromium ${result.chromium}, ${result.machine}; ms, median (fastest tenth)`)
  const cell = ({ median, fastestTenth }) => `${median.toFixed(1)} (${fastestTenth.toFixed(1)})`.padEnd(18)
  console.log(
    ['bitmap', 'exact', 'fast', 'draw and loop', 'the network'].map((name) => name.padEnd(18)).join(''),
  )
  for (const { size, exact, fast, draw, network } of result.times)
    console.log(size.padEnd(18) + [exact, fast, draw, network].map(cell).join(''))
  for (const [where, { exact, fast, agree }] of Object.entries(result.top1)) {
    console.log(
      `top-1 of ${result.photographs} photographs in ${where}: exact ${exact}, fast ${fast}; the same class in ${agree}`,
    )
  }
}

async function bundle(entry) {
  const [{ output }] = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['source', 'browser', 'import', 'module', 'default'] },
    build: {
      write: false,
      target: 'es2022',
      lib: { entry, formats: ['es'], fileName: 'page' },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  })
  return output[0].code
}
