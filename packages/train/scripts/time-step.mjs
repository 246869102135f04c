/**
 * Time one training step of the small network, batch 128 at 28 x 28, on the backends of TensorFlow.js in turn and, where
 * MOBILEONE_PYTHON names a Python with PyTorch, on PyTorch: `npm run time-step -- [--width 0.5] [--rounds 3]`.
 */
import { spawnSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { initialize, mobileone, random } from '@mobileone/core'
import { createNetwork, smallNetwork } from '@mobileone/train'
import { startTfjs } from '@mobileone/train/node'

const { values } = parseArgs({
  options: {
    width: { type: 'string', default: '0.5' },
    branches: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean' },
  },
})
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
const lanes = [
  { name: 'tfjs wasm, our kernels', backend: 'wasm', warmUp: 3, steps: 5 },
  {
    name: 'tfjs wasm, our kernels, branch by branch',
    backend: 'wasm',
    branchwise: true,
    warmUp: 1,
    steps: 2,
  },
  { name: 'tfjs cpu', backend: 'cpu', warmUp: 0, steps: 1 },
  { name: 'tfjs cpu, branch by branch', backend: 'cpu', branchwise: true, warmUp: 0, steps: 1 },
].map((lane) => ({ ...lane, times: [] }))

for (let round = 0; round < rounds; round++) {
  for (const { name, backend, branchwise = false, warmUp, steps, times } of lanes) {
    process.stderr.write(`round ${round + 1} of ${rounds}: ${name}\n`)
    await tf.setBackend(backend)
    const network = createNetwork(tf, model, { branchwise })
    const parameters = new Float32Array(network.layouts.parameters.size)
    for (const slot of network.layouts.parameters.slots)
      parameters.set(model.weights[slot.name].data, slot.offset)
    for (let step = -warmUp; step < steps; step++) {
      const start = performance.now()
      await network.gradients(parameters, batch, 0.1)
      if (step >= 0) times.push(performance.now() - start)
    }
  }
}
const results = lanes.map(({ name, times }) => ({ name, ms: median(times) }))
const python = process.env.MOBILEONE_PYTHON
if (python) {
  const script = fileURLToPath(new URL('time_step.py', import.meta.url))
  const run = spawnSync(python, [script, values.width, values.branches, String(batchSize)], {
    encoding: 'utf8',
  })
  if (run.status === 0) results.push(...JSON.parse(run.stdout))
  else process.stderr.write(`PyTorch: ${run.stderr.trim().split('\n').at(-1)}\n`)
} else process.stderr.write('PyTorch is left out: MOBILEONE_PYTHON names no Python that has it\n')

const ours = results[0].ms
const rows = results.map(({ name, ms }) => ({
  name,
  ms,
  imagesPerSecond: (1000 * batchSize) / ms,
  timesOurs: ms / ours,
}))
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
  for (const { name, ms, imagesPerSecond, timesOurs } of rows)
    process.stdout.write(
      `${name.padEnd(42)} ${ms.toFixed(0).padStart(7)} ms ${imagesPerSecond.toFixed(0).padStart(6)} images/s ${timesOurs.toFixed(2).padStart(7)} x ours\n`,
    )
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}
