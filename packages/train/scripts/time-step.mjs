/**
 * Time training steps of the small network, batch 128 at 28 x 28, one thread, step by step in turn: ours, the same branch by branch, and,
 * where MOBILEONE_PYTHON names a Python with PyTorch, PyTorch in both layouts: `npm run time-step -- [--width 0.5] [--rounds 30] [--cpu]`.
 * `--cpu` adds TensorFlow.js's backend `cpu`, of which a step takes most of a minute.
 *
 * Processor time of the process, which a busy machine changes little: the mean of the fastest tenth of all rounds, and the median.
 */
import { spawn } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { initialize, mobileone, random } from '@mobileone/core'
import { createNetwork, smallNetwork } from '@mobileone/train'
import { startTfjs } from '@mobileone/train/node'

const { values } = parseArgs({
  options: {
    width: { type: 'string', default: '0.5' },
    branches: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '30' },
    cpu: { type: 'boolean', default: false },
    json: { type: 'boolean' },
  },
})
const warmUp = 3
const batchSize = 128
const [width, branches, rounds] = [values.width, values.branches, values.rounds].map(Number)

const model = initialize(mobileone(smallNetwork({ width, branches }), { form: 'train' }), { seed: 1 })
const source = random(2)
const batch = {
  images: Float32Array.from({ length: batchSize * 784 }, () => source.normal()),
  shape: [batchSize, 28, 28, 1],
  labels: Int32Array.from({ length: batchSize }, () => source.integer(0, 9)),
}
const tf = await startTfjs()
const network = (branchwise) => createNetwork(tf, model, { branchwise })
const parameters = new Float32Array(network(false).layouts.parameters.size)
for (const { name, offset } of network(false).layouts.parameters.slots)
  parameters.set(model.weights[name].data, offset)

const lanes = [
  { name: 'tfjs wasm, our kernels', backend: 'wasm' },
  { name: 'tfjs wasm, our kernels, branch by branch', backend: 'wasm', branchwise: true },
  ...(values.cpu ? [{ name: 'tfjs cpu', backend: 'cpu', once: true }] : []),
].map((lane) => ({ ...lane, network: network(lane.branchwise ?? false) }))
const times = new Map()
const note = (name, wall, cpu) => times.set(name, [...(times.get(name) ?? []), { wall, cpu }])
const torch = startTorch()

for (let round = 0; round < warmUp + rounds; round++) {
  const counts = round >= warmUp
  for (const { name, backend, network, once } of lanes) {
    if (once && round !== warmUp) continue
    await tf.setBackend(backend)
    const [cpu, wall] = [process.cpuUsage(), performance.now()]
    await network.gradients(parameters, batch, 0.1)
    const { user, system } = process.cpuUsage(cpu)
    if (counts) note(name, performance.now() - wall, (user + system) / 1000)
  }
  for (const { name, wall, cpu } of await torch.step()) if (counts) note(name, wall, cpu)
  process.stderr.write(`\rround ${round + 1} of ${warmUp + rounds}`)
}
process.stderr.write('\n')
torch.end()

const ours = fastest(times.get(lanes[0].name).map(({ cpu }) => cpu))
const rows = [...times].map(([name, samples]) => {
  const of = (key) => samples.map((sample) => sample[key])
  const ms = fastest(of('cpu'))
  return {
    name,
    ms,
    medianMs: median(of('cpu')),
    wallMs: fastest(of('wall')),
    imagesPerSecond: (1000 * batchSize) / ms,
    timesOurs: ms / ours,
  }
})
const machine = {
  cpu: cpus()[0].model,
  cores: cpus().length,
  node: process.versions.node,
  load: loadavg()[0],
}
if (values.json)
  process.stdout.write(`${JSON.stringify({ machine, width, branches, batchSize, rows }, null, 2)}\n`)
else {
  process.stdout.write(
    `${machine.cpu}, Node ${machine.node}, load ${machine.load.toFixed(1)}; width ${width}, k ${branches}, batch ${batchSize}\n`,
  )
  for (const { name, ms, medianMs, imagesPerSecond, timesOurs } of rows)
    process.stdout.write(
      `${name.padEnd(42)} ${ms.toFixed(0).padStart(7)} ms (median ${medianMs.toFixed(0)}) ${imagesPerSecond.toFixed(0).padStart(6)} images/s ${timesOurs.toFixed(2).padStart(7)} x ours\n`,
    )
}

/** PyTorch, a step of each layout at a time; nothing where there is none. */
function startTorch() {
  const python = process.env.MOBILEONE_PYTHON
  const none = { step: async () => [], end: () => {} }
  if (!python) {
    process.stderr.write('PyTorch is left out: MOBILEONE_PYTHON names no Python that has it\n')
    return none
  }
  const script = fileURLToPath(new URL('time_step.py', import.meta.url))
  const child = spawn(python, [script, values.width, values.branches, String(batchSize)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.on('error', () => {})
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async step() {
      child.stdin.write('\n')
      const { value, done } = await lines.next()
      return done ? [] : JSON.parse(value)
    },
    end: () => child.stdin.end(),
  }
}

function fastest(values) {
  const sorted = values.toSorted((a, b) => a - b).slice(0, Math.max(1, Math.floor(values.length / 10)))
  return sorted.reduce((sum, value) => sum + value, 0) / sorted.length
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}
