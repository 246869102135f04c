/**
 * Time the primitives of a training step, forwards and backwards: our kernels on tfjs-wasm, the same composed of tfjs's own
 * operations there, and on tfjs-cpu.
 *
 * Processor time of the process, not time on the wall, and the least of all rounds: a busy machine changes it little.
 *
 *   npm run time -- [filter ...] [--rounds 5] [--cpu] [--batch 128]
 *
 * GFLOP/s count the multiplications and additions of the definition, not those of a short cut.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'vite'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    batch: { type: 'string', default: '128' },
    cpu: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const batch = Number(values.batch)

const { createPrimitives, composedPrimitives, registerWasmGradients, shareClones } = await library()
const require = createRequire(import.meta.url)
console.info = console.warn = () => {}
const tf = require('@tensorflow/tfjs')
require('@tensorflow/tfjs-backend-wasm')
await registerWasmGradients(tf)
shareClones(tf)
// No gradients of the input with tfjs's own kernels: its wasm backend has the depthwise ones from us alone.
const ways = [
  ['ours', 'wasm', createPrimitives(tf)],
  ['composed', 'wasm', composedPrimitives(tf)],
  ...(values.cpu ? [['cpu', 'cpu', composedPrimitives(tf)]] : []),
]

const cases = []
const dense = (name, rows, ins, outs) => {
  cases.push({
    name: `affine ${name} ${rows}x${ins}x${outs}`,
    flop: 2 * rows * ins * outs,
    backward: 2,
    shapes: [[rows, ins], [ins, outs], [outs]],
    run: (p, [x, w, b]) => p.affine(x, w, b, true),
  })
  cases.push({
    name: `covariance ${name} ${rows}x${ins}`,
    flop: 2 * rows * ins * ins,
    backward: 1,
    shapes: [[rows, ins]],
    run: (p, [x]) => p.covariance(x)[0],
  })
  cases.push({
    name: `moments ${name} ${rows}x${ins}`,
    flop: 3 * rows * ins,
    backward: 1,
    shapes: [[rows, ins]],
    run: (p, [x]) => tf.stack(p.moments(x)),
  })
}
const depthwise = (size, channels, stride) => {
  const out = Math.ceil(size / stride)
  const flop = 2 * 9 * batch * out * out * channels
  const name = `${batch}x${size}x${size}x${channels} /${stride}`
  cases.push({
    name: `depthwise ${name}`,
    flop,
    backward: 2,
    shapes: [[batch, size, size, channels], [3, 3, channels, 1], [channels]],
    run: (p, [x, w, b]) => p.depthwise(x, w, b, [stride, stride], true),
  })
  cases.push({
    name: `depthwiseMoments ${name} x6`,
    flop: 6 * flop,
    backward: 2,
    shapes: [
      [batch, size, size, channels],
      [3, 3, channels, 6],
    ],
    run: (p, [x, w]) => tf.stack(p.depthwiseMoments(x, w, [stride, stride])),
  })
}
dense('stem', batch * 784, 9, 32)
dense('wide', batch * 784, 32, 32)
dense('stage 2', batch * 196, 64, 64)
dense('stage 3', batch * 49, 128, 256)
dense('stage 4', batch * 16, 256, 512)
depthwise(28, 32, 1)
depthwise(28, 32, 2)
depthwise(14, 64, 1)
depthwise(14, 64, 2)
depthwise(7, 128, 1)

console.log(`Node ${process.version}, ${rounds} rounds, least`)
console.log(
  `${'primitive'.padEnd(44)}${ways.map(([name]) => `${name}: ms, back ms, GFLOP/s`.padEnd(34)).join('')}`,
)
for (const { name, flop, backward, shapes, run } of cases) {
  if (positionals.length > 0 && !positionals.some((part) => name.includes(part))) continue
  const samples = ways.map(() => ({ forward: [], both: [] }))
  for (let round = 0; round <= rounds; round++) {
    for (const [index, [, backend, primitives]] of ways.entries()) {
      await tf.setBackend(backend)
      const inputs = shapes.map((shape) => tf.randomNormal(shape, 0, 1, 'float32', 1))
      const forward = time(() => run(primitives, inputs))
      const both = time(() => {
        // The gradient of sum(y^2) / 2 is y: no broadcasting of a constant is timed.
        const f = tf.customGrad((y, save) => {
          save([y])
          return { value: tf.scalar(0), gradFunc: (_, [y]) => y.clone() }
        })
        return tf.grads((...tensors) => f(run(primitives, tensors)))(inputs)
      })
      tf.dispose(inputs)
      if (round > 0) {
        samples[index].forward.push(forward)
        samples[index].both.push(both)
      }
    }
  }
  const columns = samples.map(({ forward, both }) => {
    const [f, b] = [Math.min(...forward), Math.min(...both) - Math.min(...forward)]
    const rate = (ms, factor) => ((flop * factor) / ms / 1e6).toFixed(1)
    return `${f.toFixed(1)} (${rate(f, 1)})  ${b.toFixed(1)} (${rate(b, backward)})`.padEnd(34)
  })
  console.log(`${name.padEnd(44)}${columns.join('')}`)
}

function time(work) {
  const start = process.cpuUsage()
  tf.tidy(() => {
    work()
  })
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

async function library() {
  const [{ output }] = await build({
    configFile: false,
    logLevel: 'error',
    resolve: { conditions: ['source'] },
    build: {
      write: false,
      target: 'es2022',
      lib: {
        entry: fileURLToPath(new URL('../src/index.ts', import.meta.url)),
        formats: ['es'],
        fileName: 'library',
      },
    },
  })
  const folder = mkdtempSync(join(tmpdir(), 'mobileone-tune-'))
  try {
    const file = join(folder, 'library.mjs')
    writeFileSync(file, output[0].code)
    return await import(pathToFileURL(file).href)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
