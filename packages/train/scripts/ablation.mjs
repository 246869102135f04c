/**
 * The paper's ablation in small: the same network without branches, with one branch beside scale and skip, and with four,
 * the same recipe, budget and seeds, on Fashion-MNIST. Runs that are in the results file already are not repeated.
 */
import { spawn } from 'node:child_process'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { wasm } from '@mobileone/backend-wasm'
import { initialize, mobileone, profile } from '@mobileone/core'
import {
  batchSource,
  evaluate,
  fashionMnistPreprocess,
  fashionMnistRecipe,
  smallNetwork,
  split,
  train,
  withoutBranches,
} from '@mobileone/train'
import { fashionMnist, startTfjs } from '@mobileone/train/node'

const variants = {
  plain: { label: 'no branches', branches: 1, bare: true },
  k1: { label: 'k = 1, scale and skip', branches: 1 },
  k4: { label: 'k = 4, scale and skip', branches: 4 },
}
const page = fileURLToPath(new URL('../../../docs/ablation.md', import.meta.url))
const recorded = fileURLToPath(new URL('../../../docs/ablation.jsonl', import.meta.url))

const { values } = parseArgs({
  options: {
    epochs: { type: 'string', default: '4' },
    images: { type: 'string', default: '15000' },
    seeds: { type: 'string', default: '3' },
    width: { type: 'string', default: '0.5' },
    jobs: { type: 'string', default: '2' },
    results: { type: 'string', default: 'ablation.jsonl' },
    variant: { type: 'string' },
    seed: { type: 'string' },
    record: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help) {
  process.stdout.write(`npm run ablation -- [--epochs 4] [--images 15000] [--seeds 3] [--width 0.5] [--jobs 2] [--results ablation.jsonl] [--record]

Trains ${Object.values(variants)
    .map(({ label }) => `"${label}"`)
    .join(', ')} with each seed and prints means and spreads. --record
keeps the runs in docs/ablation.jsonl and the table in docs/ablation.md.
`)
} else if (values.variant) {
  process.stdout.write(JSON.stringify(await trainOne(values.variant, Number(values.seed))))
} else {
  await trainAll()
}

async function trainOne(name, seed) {
  const { branches, bare } = variants[name]
  const graph = mobileone(smallNetwork({ branches, width: Number(values.width) }), { form: 'train' })
  const model = initialize(bare ? withoutBranches(graph) : graph, { seed, scheme: 'pytorch' })
  const recipe = fashionMnistRecipe({ epochs: Number(values.epochs), seed })
  const lib = await startTfjs()
  const preprocess = fashionMnistPreprocess
  const whole = await fashionMnist({ split: 'train' })
  const count = Number(values.images)
  const [images] = count < whole.size ? split(whole, { count, seed: 0, balanced: true }) : [whole]
  const data = batchSource(images, { preprocess, augmentation: recipe.augmentation })
  const result = await train(model, {
    lib,
    recipe,
    data,
    onEvent: (event) => {
      if (event.type === 'epoch')
        process.stderr.write(`${name} seed ${seed} epoch ${event.epoch} loss ${event.loss.toFixed(4)}\n`)
    },
  })
  const test = batchSource(await fashionMnist({ split: 'test' }), { preprocess })
  const { top1 } = await evaluate(result.model, test, { backend: wasm() })
  return {
    variant: name,
    seed,
    epochs: recipe.epochs,
    width: Number(values.width),
    images: count,
    trainParams: profile(model).params,
    loss: result.history.at(-1).loss,
    top1,
    seconds: result.history.reduce((sum, { seconds }) => sum + seconds, 0),
  }
}

async function trainAll() {
  const settings = {
    epochs: Number(values.epochs),
    width: Number(values.width),
    images: Number(values.images),
  }
  const done = (await readResults()).filter((run) =>
    Object.entries(settings).every(([key, value]) => run[key] === value),
  )
  const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => index + 1)
  const has = (variant, seed) => done.some((run) => run.variant === variant && run.seed === seed)
  const wanted = seeds.flatMap((seed) => Object.keys(variants).map((variant) => ({ variant, seed })))
  const left = wanted.filter(({ variant, seed }) => !has(variant, seed))
  process.stderr.write(`${left.length} of ${wanted.length} runs to do, ${values.jobs} at a time\n`)
  const work = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const run = await spawnRun(next)
      done.push(run)
      await appendFile(values.results, `${JSON.stringify(run)}\n`)
      process.stderr.write(`${run.variant} seed ${run.seed}: ${(100 * run.top1).toFixed(2)} %\n`)
    }
  }
  await Promise.all(Array.from({ length: Number(values.jobs) }, work))
  const table = tableOf(done, seeds)
  process.stdout.write(`${table}\n`)
  if (!values.record) return
  const order = (run) => Object.keys(variants).indexOf(run.variant) * 1000 + run.seed
  const lines = done.toSorted((a, b) => order(a) - order(b)).map((run) => `${JSON.stringify(run)}\n`)
  await writeFile(recorded, lines.join(''))
  const text = await readFile(page, 'utf8')
  await writeFile(
    page,
    text.replace(
      /<!-- results -->[\s\S]*<!-- \/results -->/,
      `<!-- results -->\n\n${table}\n\n<!-- /results -->`,
    ),
  )
}

async function readResults() {
  try {
    return (await readFile(values.results, 'utf8'))
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  } catch (error) {
    if (error.code === 'ENOENT') return []
    throw error
  }
}

function spawnRun({ variant, seed }) {
  const args = [
    '--variant',
    variant,
    '--seed',
    String(seed),
    '--epochs',
    values.epochs,
    '--width',
    values.width,
    '--images',
    values.images,
  ]
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  return new Promise((resolve, reject) => {
    child.on('close', (code) =>
      code === 0
        ? resolve(JSON.parse(output))
        : reject(new Error(`${variant} with seed ${seed} ended with code ${code}`)),
    )
  })
}

function tableOf(runs, seeds) {
  const head = [
    'network',
    'parameters in training',
    'last loss',
    ...seeds.map((seed) => `seed ${seed}`),
    'mean top-1',
    'standard deviation',
    'seconds a run',
  ]
  const rows = Object.entries(variants).map(([name, { label }]) => {
    const own = seeds
      .map((seed) => runs.find((run) => run.variant === name && run.seed === seed))
      .filter(Boolean)
    const mean = (of) => own.reduce((sum, run) => sum + of(run), 0) / own.length
    const top1 = mean((run) => run.top1)
    const deviation = Math.sqrt(
      own.reduce((sum, run) => sum + (run.top1 - top1) ** 2, 0) / Math.max(1, own.length - 1),
    )
    return [
      label,
      own[0].trainParams.toLocaleString('en-US'),
      mean((run) => run.loss).toFixed(4),
      ...own.map((run) => `${(100 * run.top1).toFixed(2)} %`),
      `${(100 * top1).toFixed(2)} %`,
      `${(100 * deviation).toFixed(2)} points`,
      mean((run) => run.seconds).toFixed(0),
    ]
  })
  const line = (cells) => `| ${cells.join(' | ')} |`
  const { epochs, width, images } = runs[0]
  return [
    `${epochs} epochs of ${images.toLocaleString('en-US')} images, width ${width}, ${seeds.length} seeds, top-1 on the 10,000 test images after folding; ${cpus()[0].model}, Node ${process.versions.node}`,
    '',
    line(head),
    line(head.map((_, column) => (column === 0 ? '---' : '---:'))),
    ...rows.map(line),
  ].join('\n')
}
