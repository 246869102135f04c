/**
 * What int8 costs the real S0, on all photographs of the reference data that it was not calibrated on; `--help` says more.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { wasm } from '@mobileone/backend-wasm'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { quantize, random, tensor } from '@mobileone/core'
import { preprocess } from '@mobileone/vision'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const help = `npm run accuracy:int8 -- [--golden ../shared/golden] [--draws 1,2,3] [--counts 16,4,1] [--photographs 250]
                        [--crops] [--json]

Quantises the real S0, calibrated on photographs drawn at random, and compares it with float32 on all others: top-1, how often the
class is the same, SQNR of the logits. Half a minute of one core for each draw and count.

  --golden       a folder with mobileone_s0.pth.tar and imagenet-sample: photographs and their reference.json
  --draws        seeds, each of which shuffles the photographs
  --counts       how many of the first of them calibrate
  --photographs  use so many of the folder
  --crops        compare on ten views of each photograph: corners and centre, each mirrored too (Krizhevsky et al. 2012). Small
                 losses show, which the few photographs hide; takes ten times as long
  --json         one document on standard output instead of tables
`
const { values } = parseArgs({
  options: {
    golden: { type: 'string', default: join(root, '../shared/golden') },
    draws: { type: 'string', default: '1,2,3' },
    counts: { type: 'string', default: '16,4,1' },
    photographs: { type: 'string' },
    crops: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  },
})

const [side, whole] = [224, 256]
/** How torchvision prepares photographs for S0, before it takes the centre. */
const rule = {
  size: [whole, whole],
  resize: whole,
  interpolation: 'bilinear',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
}
const edge = whole - side
/** Where views of a prepared photograph begin: in the centre, and in the corners. */
const places = [
  [edge / 2, edge / 2],
  [0, 0],
  [0, edge],
  [edge, 0],
  [edge, edge],
]
/** The forms that are compared: how they are quantised, and what their layers are computed in. */
const forms = {
  W8A7: { activations: true, precision: 'int8' },
  'W8A7, run in float32': { activations: true, precision: 'float32' },
  'weights only': { activations: false, precision: 'int8' },
}
/** Of a normal distribution, within which 95 % of it lie. */
const deviations = 1.96

if (values.help) process.stdout.write(help)
else await main()

async function main() {
  const golden = resolve(values.golden)
  const [draws, counts] = [wholeNumbers('draws'), wholeNumbers('counts')]
  const [weights, list] = ['mobileone_s0.pth.tar', 'imagenet-sample/reference.json'].map((file) =>
    join(golden, file),
  )
  for (const file of [weights, list]) {
    if (!existsSync(file)) {
      fail(
        `${file} is missing: the real weights and photographs are no part of the repository; say where they are with --golden`,
      )
    }
  }
  const all = JSON.parse(readFileSync(list, 'utf8')).images
  const images = all.slice(0, values.photographs === undefined ? all.length : wholeNumbers('photographs')[0])
  const most = Math.max(...counts)
  if (most >= images.length) fail(`--counts ${most} leaves none of ${images.length} photographs to test`)

  const photographs = []
  for (const { file } of images) {
    progress(`photographs ${photographs.length} / ${images.length}`)
    const bytes = new Uint8Array(readFileSync(join(golden, 'imagenet-sample', file)))
    photographs.push((await preprocess(bytes, rule, { orientation: 'ignore' })).data)
  }
  const model = modelFromCheckpoint(readCheckpoint(new Uint8Array(readFileSync(weights))), {
    size: [side, side],
  })
  const everything = images.map((_, index) => index)
  const float = await logitsOf(model, 'float32', photographs, everything, 'float32')
  const context = { model, images, photographs, float }
  const rows = []
  for (const seed of draws) {
    const order = shuffled(images.length, seed)
    for (const count of counts) rows.push(...(await measure(context, { seed, count }, order)))
  }
  rows.push(...(await measure(context, { seed: null, count: 0 }, everything)))
  progress('')
  const exact = score(context, everything, float)
  if (values.json)
    console.log(JSON.stringify({ photographs: images.length, float32: exact.top1, rows }, undefined, 2))
  else report(rows, exact)
}

/** The forms calibrated on the first `count` photographs of `order`; of none, weights only. */
async function measure({ model, images, photographs, float }, { seed, count }, order) {
  const tested = order.slice(count)
  const samples = order.slice(0, count).map((index) => centre(photographs[index]))
  const rows = []
  const made = new Map()
  for (const [form, { activations, precision }] of Object.entries(forms)) {
    if (count === 0 && activations) continue
    const title = `${count} photographs${seed === null ? '' : `, draw ${seed}`}, ${form}`
    if (!made.has(activations)) {
      const { model: int8 } = await quantize(model, {
        ...(count > 0 && { samples, activations }),
        // The comparison is made here, of all tested photographs.
        heldOut: [centre(photographs[tested[0]])],
        backend: wasm(),
        onProgress: ({ phase, done, total }) => progress(`${title}: ${phase} ${done} / ${total ?? '?'}`),
      })
      made.set(activations, int8)
    }
    const found = await logitsOf(made.get(activations), precision, photographs, tested, title)
    rows.push({ seed, count, form, ...score({ images, float }, tested, found) })
  }
  return rows
}

/** The logits of each view of the photographs `tested`, by their index. */
async function logitsOf(model, precision, photographs, tested, title) {
  const executor = await wasm({ precision }).compile(model)
  const logits = []
  try {
    for (const [done, index] of tested.entries()) {
      if (done % 10 === 0) progress(`${title}: ${done} / ${tested.length}`)
      logits[index] = []
      for (const image of viewsOf(photographs[index])) {
        logits[index].push((await executor.run(image)).logits.data.slice())
      }
    }
  } finally {
    await executor.dispose()
  }
  return logits
}

/** What is compared of a photograph, one after the other. */
function* viewsOf(photograph) {
  if (!values.crops) yield centre(photograph)
  else
    for (const place of places) for (const mirrored of [false, true]) yield view(photograph, place, mirrored)
}

function centre(photograph) {
  return view(photograph, places[0], false)
}

/** The part of a prepared photograph [3, whole, whole] from `top` and `left` on. */
function view(photograph, [top, left], mirrored) {
  const image = new Float32Array(3 * side * side)
  for (let row = 0; row < 3 * side; row++) {
    const [channel, y] = [Math.floor(row / side), row % side]
    const start = (channel * whole + top + y) * whole + left
    const part = image.subarray(row * side, (row + 1) * side)
    part.set(photograph.subarray(start, start + side))
    if (mirrored) part.reverse()
  }
  return { image: tensor([1, 3, side, side], image) }
}

/** Shares from 0 to 1, decibels; `lost` is what float32 has more, with half of its 95 % interval for paired samples. */
function score({ images, float }, tested, found) {
  const views = tested.flatMap((index) =>
    found[index].map((own, at) => ({ own, other: float[index][at], label: images[index].label })),
  )
  const classes = views.map(({ own, other, label }) => [largest(own), largest(other), label])
  const share = (holds) => classes.filter(holds).length / classes.length
  const losses = classes.map(([own, other, label]) => Number(other === label) - Number(own === label))
  const lost = mean(losses)
  // Views of one photograph are no independent samples.
  const each = classes.length / tested.length
  const ofPhotograph = tested.map((_, at) => mean(losses.slice(at * each, (at + 1) * each)))
  const variance = mean(ofPhotograph.map((loss) => (loss - lost) ** 2)) / tested.length
  return {
    tested: tested.length,
    top1: share(([own, , label]) => own === label),
    float32: share(([, other, label]) => other === label),
    lost,
    interval: deviations * Math.sqrt(variance),
    agreement: share(([own, other]) => own === other),
    sqnrDb: sqnrDb(views.map(({ own, other }) => [other, own])),
  }
}

/** The power of the wanted logits, each vector around its mean, over that of the difference; undefined where there is none. */
function sqnrDb(pairs) {
  let [signal, noise] = [0, 0]
  for (const [wanted, got] of pairs) {
    const centre = mean(wanted)
    for (const [at, value] of wanted.entries()) {
      signal += (value - centre) ** 2
      noise += (value - got[at]) ** 2
    }
  }
  return noise > 0 ? 10 * Math.log10(signal / noise) : undefined
}

function mean(numbers) {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length
}

function largest(logits) {
  return logits.indexOf(Math.max(...logits))
}

/** 0 to `count` - 1 in an order that `seed` alone determines. */
function shuffled(count, seed) {
  const source = random(seed)
  const order = Array.from({ length: count }, (_, index) => index)
  for (let at = count - 1; at > 0; at--) {
    const other = source.integer(0, at)
    ;[order[at], order[other]] = [order[other], order[at]]
  }
  return order
}

function report(rows, { top1, tested }) {
  const percent = (value) => (100 * value).toFixed(1)
  const half = deviations * Math.sqrt((top1 * (1 - top1)) / tested)
  console.log(
    `float32: ${percent(top1)} % of ${tested} photographs${values.crops ? ', ten views of each' : ''}, of which 95 % intervals reach ${percent(half)} points either way`,
  )
  console.log('lost: points of top-1, with the 95 % interval of paired samples\n')
  console.log('| calibrated on | draw | form | top-1 | float32, the same | lost | same class | SQNR |')
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |')
  for (const row of rows) {
    const cells = [
      row.count === 0 ? '1/f noise' : `${row.count} photographs`,
      row.seed ?? '',
      row.form,
      percent(row.top1),
      percent(row.float32),
      `${percent(row.lost)} ± ${percent(row.interval)}`,
      `${percent(row.agreement)} %`,
      `${row.sqnrDb?.toFixed(1)} dB`,
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
  else if (text && / 0 \//.test(text)) process.stderr.write(`${text}\n`)
}

function wholeNumbers(name) {
  const numbers = values[name].split(',').map(Number)
  if (!numbers.every((each) => Number.isInteger(each) && each > 0)) {
    fail(`--${name} must be whole numbers from 1, as 1,2,3, not ${values[name]}`)
  }
  return numbers
}

function fail(message) {
  process.stderr.write(`accuracy:int8: ${message}\n`)
  process.exit(1)
}
