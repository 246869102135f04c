import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { floatWeight, reparameterize, tensor } from '@mobileone/core'
import { overrideRecipe, paperRecipe, torchPlan } from '@mobileone/train'
import { writeTorchPlan } from '@mobileone/train/node'
import { apart, largestDifference } from './apart.mjs'
import { logitsOf, normals } from './networks.mjs'
import { floats } from './python-process.mjs'

const labels = ['ash', 'beech', 'cedar']
const size = 64
const processes = 2

/** A plan of `mobileone train --plan torch`, followed by DistributedDataParallel in two processes. */
export const distributed = {
  name: 'distributed',
  about: `the script of train --plan torch in ${processes} processes (DistributedDataParallel, gloo): stopped, gone on with, read back`,
  async *run({ python, interpreter, seed, note }) {
    const folder = mkdtempSync(join(tmpdir(), 'mobileone-distributed-'))
    try {
      const data = join(folder, 'data')
      await python.ask('distributed.write_pictures', { folder: data, labels, train: 8, val: 2, seed })
      const recipe = overrideRecipe(paperRecipe('s0'), {
        epochs: 2,
        learningRate: { peak: 0.02, warmupEpochs: 0.5 },
        curriculum: [{ from: 0, size: [size, size], strength: 1, batchSize: 8 }],
      })
      const preprocess = {
        size: [size, size],
        resize: 72,
        interpolation: 'bilinear',
        mean: [0.4, 0.4, 0.4],
        std: [0.3, 0.3, 0.3],
      }
      const dataset = { folder: data, classes: labels.length, labels, preprocess }
      await writeTorchPlan(
        folder,
        torchPlan(recipe, { variant: 's0', dataset, devices: processes, workers: 0 }),
      )
      const follow = (output, ...more) =>
        torchrun(interpreter, folder, ['--data', data, '--output', output, ...more], note)
      await follow('whole')
      await follow('parts', '--stop-after', '4')
      await follow('parts')

      const read = (path, root) =>
        modelFromCheckpoint(readCheckpoint(readFileSync(join(folder, path)), root && { root }), {
          size: [size, size],
        })
      const [whole, parts] = ['whole', 'parts'].map((run) => read(join(run, 'last.pth.tar'), 'state_dict'))
      const average = read('whole/model.safetensors')
      const row = { against: 'torch', cases: 1 }
      yield {
        ...row,
        what: 'stopped after 4 of 6 steps and gone on with: weights',
        worst: modelsDiffer(parts, whole),
        limit: 0,
      }
      const kept = read('whole/last.pth.tar', 'state_dict_ema')
      yield {
        ...row,
        what: 'average of the checkpoint and of model.safetensors: weights',
        worst: modelsDiffer(average, kept),
        limit: 0,
      }
      const image = tensor([1, 3, size, size], normals(3 * size * size, seed))
      const asked = {
        model: 'mobileone_s0',
        classes: labels.length,
        size,
        checkpoint: join(folder, 'whole/last.pth.tar'),
        model_file: join(folder, 'whole/model.safetensors'),
      }
      const { blobs } = await python.ask('distributed.logits', asked, [image.data])
      const [lastLogits, averageLogits] = blobs.map(floats)
      const limit = 1e-4
      yield {
        ...row,
        against: 'timm',
        what: 'last weights, read here',
        worst: apart(await logitsOf(whole, image), lastLogits),
        limit,
      }
      const folded = await logitsOf(reparameterize(average), image)
      yield {
        ...row,
        against: 'timm',
        what: 'averaged weights, read and folded here',
        worst: apart(folded, averageLogits),
        limit,
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

async function torchrun(python, cwd, given, note) {
  const run = ['-m', 'torch.distributed.run', '--standalone', `--nproc_per_node=${processes}`]
  const command = [...run, 'train_mobileone.py', '--workers', '0', '--device', 'cpu', ...given]
  const child = spawn(python, command, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' },
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors = (errors + text).slice(-4000)
  })
  child.stdout.setEncoding('utf8').on('data', (text) => note(text.trim().split('\n').at(-1)))
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`torchrun ended with ${code}:\n${errors}`)
}

function modelsDiffer(found, wanted) {
  const names = Object.keys(wanted.weights)
  if (names.join() !== Object.keys(found.weights).join()) return Number.POSITIVE_INFINITY
  return Math.max(
    ...names.map((name) => largestDifference(floatWeight(found, name).data, floatWeight(wanted, name).data)),
  )
}
