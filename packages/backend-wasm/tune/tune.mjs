/** `npm run tune`: every kernel on every layer of a network; `--help` says more. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { build } from 'vite'

const help = `Times every kernel on every layer of a network and shows which one the dispatcher picks and how far it is from the best.

  npm run tune -- [s0 ... s4] [--runtime chromium|node] [--rounds 30] [--network] [--json file]
  npm run tune -- [s0 ... s4] --int8 [--threads 2] [--runtime ...] [--rounds 30] [--json file]
  npm run tune -- [s0 ... s4] --builds [--runtime ...] [--rounds 30] [--json file]

--network   Leave out the layers alone and time the whole network only.
--int8      Time it in the int8 form with each kernel, beside float32.
--threads   With --int8: how many to compare with one. Default 1.
--builds    Time it in float32 with each build of the kernels.
--runtime   Default: Chromium where it is (CHROMIUM_PATH, /usr/bin/chromium), else this Node.
--rounds    Default 30.
--js-flags  Flags of V8 for Chromium, as in --js-flags=--wasm-revectorize.
--json      Write all figures to a file.
`

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runtime: { type: 'string', default: existsSync(executablePath) ? 'chromium' : 'node' },
    rounds: { type: 'string', default: '30' },
    json: { type: 'string' },
    network: { type: 'boolean', default: false },
    int8: { type: 'boolean', default: false },
    builds: { type: 'boolean', default: false },
    'js-flags': { type: 'string' },
    threads: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(help)
  process.exit()
}

const result = await build({
  configFile: false,
  logLevel: 'error',
  resolve: { conditions: ['source'] },
  build: {
    write: false,
    rolldownOptions: { output: { codeSplitting: false } },
    target: 'es2022',
    lib: {
      entry: fileURLToPath(new URL('measure.ts', import.meta.url)),
      formats: ['es'],
      fileName: 'tune',
    },
  },
})
const code = result[0].output[0].code

const reports = {}
const rounds = Number(values.rounds)
/** The function of measure.ts to call, what shows its report, and what it takes besides the variant. */
const [call, show, ...facts] = values.int8
  ? ['measureInt8', showInt8, rounds, Number(values.threads)]
  : values.builds
    ? ['measureBuilds', showBuilds, rounds]
    : ['measure', showLayers, rounds, !values.network]
for (const variant of positionals.length > 0 ? positionals : ['s0']) {
  const report = values.runtime === 'chromium' ? await inChromium(variant) : await inNode(variant)
  reports[variant] = report
  show(variant, report)
}
if (values.json) writeFileSync(values.json, JSON.stringify(reports, null, 2))

async function inNode(variant) {
  const folder = mkdtempSync(join(tmpdir(), 'mobileone-tune-'))
  try {
    const file = join(folder, 'tune.mjs')
    writeFileSync(file, code)
    const module = await import(pathToFileURL(file).href)
    return { runtime: `Node ${process.version}`, ...(await module[call](variant, ...facts)) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function inChromium(variant) {
  const server = createServer((request, response) => {
    response.writeHead(200, {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
      'Content-Type': request.url === '/tune.mjs' ? 'text/javascript' : 'text/html',
    })
    response.end(request.url === '/tune.mjs' ? code : '<!doctype html><title>Tune</title>')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const flags = values['js-flags'] ? [`--js-flags=${values['js-flags']}`] : []
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', ...flags] })
  try {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${server.address().port}/`)
    const report = await page.evaluate(
      async ([name, ...given]) => (await import('/tune.mjs'))[name](...given),
      [call, variant, ...facts],
    )
    return { runtime: `Chromium ${browser.version()}`, ...report }
  } finally {
    await browser.close()
    server.close()
  }
}

function showLayers(variant, { runtime, simd, layers, steps, peakGflops, runs, flop }) {
  console.log(
    `\n${variant} in ${runtime}, ${simd} SIMD; layers and steps: the fastest tenth of ${rounds} rounds`,
  )
  if (layers.length > 0) {
    console.log('Each layer alone, its weights in the cache')
    console.table(layers.map(layerRow))
  }
  console.log('The whole network, one thread')
  const total = steps.reduce((sum, { ms }) => sum + ms, 0)
  console.table(
    steps.map(({ node, kernel, ms, flop: work }) => ({
      step: node,
      kernel,
      ms: +ms.toFixed(3),
      'of the run': percent(ms / total),
      'GFLOP/s': work > 0 ? +(work / ms / 1e6).toFixed(1) : '',
      'of peak': work > 0 ? percent(work / ms / 1e6 / peakGflops) : '',
    })),
  )
  for (const { threads, compileMs, firstMs, ms, bestMs } of runs) {
    const share = (time) => percent(flop / time / 1e6 / peakGflops / threads)
    console.log(
      `${threads} thread(s): compile ${compileMs.toFixed(0)} ms, first run ${firstMs.toFixed(0)} ms, ` +
        `median ${ms.toFixed(2)} ms (${share(ms)} of the peak), fastest tenth ${bestMs.toFixed(2)} ms (${share(bestMs)})`,
    )
  }
  console.log(`peak of one core: ${peakGflops.toFixed(1)} GFLOP/s`)
}

function showInt8(variant, { runtime, simd, features, candidates }) {
  console.log(
    `\n${variant} in the int8 form in ${runtime}, ${simd} SIMD, ${rounds} rounds in turns; wasm(): ${features.join(', ')}`,
  )
  const [float] = candidates
  const pointwise = ({ steps }) => {
    const own = new Set(
      candidates
        .at(-1)
        .steps.filter(({ kernel }) => /^(to )?int8 ?/.test(kernel))
        .map(({ node }) => node),
    )
    return steps.filter(({ node }) => own.has(node)).reduce((sum, { ms }) => sum + ms, 0)
  }
  console.table(
    candidates.map((candidate) => ({
      kernel: candidate.name,
      'sum of fastest tenths, ms': +candidate.ms.toFixed(2),
      'x float32': +(float.ms / candidate.ms).toFixed(2),
      'int8 layers': +(pointwise(float) / pointwise(candidate)).toFixed(2),
      'median, ms': +candidate.medianMs.toFixed(2),
      'x float32 ': +(float.medianMs / candidate.medianMs).toFixed(2),
      [`${values.threads} threads, ms`]: candidate.sharedMs && +candidate.sharedMs.toFixed(2),
      'compile, ms': Math.round(candidate.compileMs),
      MB: +(candidate.memoryBytes / 1e6).toFixed(1),
    })),
  )
}

function showBuilds(variant, { runtime, fastest, peakGflops, builds }) {
  console.log(
    `\n${variant} in float32 in ${runtime} ${values['js-flags'] ?? ''}, ${rounds} rounds in turns; fastestKernels(): ${fastest}`,
  )
  const relaxed = builds.find(({ name }) => name === 'relaxed')
  console.table(
    builds.map(({ name, ms, medianMs, pointwiseGflops }) => ({
      build: name,
      'sum of fastest tenths, ms': +ms.toFixed(2),
      ...(relaxed && { 'of relaxed': +(ms / relaxed.ms).toFixed(2) }),
      'median, ms': +medianMs.toFixed(2),
      ...(relaxed && { 'of relaxed ': +(medianMs / relaxed.medianMs).toFixed(2) }),
      'pointwise, GFLOP/s': +pointwiseGflops.toFixed(1),
    })),
  )
  console.log(`peak of one core, 128-bit operations: ${peakGflops.toFixed(1)} GFLOP/s`)
}

function layerRow({ nodes, shape, flop, peakGflops, candidates }) {
  const best = candidates.reduce((a, b) => (b.ms < a.ms ? b : a))
  const [pick] = candidates
  const gflops = flop / pick.ms / 1e6
  return {
    layer: nodes.length > 1 ? `${nodes[0]} (${nodes.length})` : nodes[0],
    shape,
    picked: pick.kernel,
    ms: +pick.ms.toFixed(4),
    'GFLOP/s': +gflops.toFixed(1),
    'of peak': percent(gflops / peakGflops),
    'best of': candidates.length,
    best: best.kernel,
    'behind it': percent(pick.ms / best.ms - 1),
  }
}

function percent(share) {
  return `${Math.round(100 * share)} %`
}
