import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toSafetensors } from '@mobileone/checkpoint'
import { initialize, mobileone, random, reparameterize, tensor, variants, withCard } from '@mobileone/core'
import { resizeAndCrop, softmax, toTensor } from '@mobileone/vision'
import { root } from '../bootstrap.mjs'
import { largestDifference } from './apart.mjs'
import { logitsOf } from './networks.mjs'
import { randomImage } from './pictures.mjs'
import { floats } from './python-process.mjs'

const count = 60
const rule = {
  size: [96, 64],
  resize: 100,
  interpolation: 'bicubic',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
}

/** What `mobileone plan` writes: read by the engines' own parsers, its preparation of pictures and its network run. */
export const plans = {
  name: 'plans',
  about:
    "what mobileone plan writes: Triton's configuration by its protobuf definition, the network, the pictures",
  async *run({ python, seed }) {
    const folder = mkdtempSync(join(tmpdir(), 'mobileone-plans-'))
    try {
      const config = { ...variants.s0, input: { channels: 3, size: rule.size } }
      const start = initialize(mobileone(config, { form: 'train' }), { seed, scheme: 'pytorch' })
      const model = withCard(start, { preprocess: rule })
      writeFileSync(join(folder, 's0.safetensors'), toSafetensors(model))
      for (const engine of ['ray', 'triton']) mobileonePlan(folder, engine)

      const repository = join(folder, 'triton/model_repository/mobileone_s0')
      const { result } = await python.ask('plans.read_triton', { repository })
      const row = { cases: 1, limit: 0 }
      yield {
        ...row,
        what: 'Triton: settings that its definition reads otherwise',
        against: 'tritonclient',
        worst: unlike(result.config),
      }
      yield {
        ...row,
        what: 'Triton: inputs and outputs unlike the network’s',
        against: 'onnxruntime',
        worst: result.unlike,
      }

      const source = random(seed)
      const made = Array.from({ length: count }, () => randomImage(source, 3))
      const asked = {
        folder: join(folder, 'ray'),
        pictures: made.map(({ width, height }) => ({ width, height })),
      }
      const { blobs } = await python.ask(
        'plans.run_script',
        asked,
        made.map(({ data }) => data),
      )
      const deploy = reparameterize(model)
      let [pixels, scores] = [0, 0]
      for (const [index, image] of made.entries()) {
        pixels = Math.max(pixels, largestDifference(resizeAndCrop(image, rule).data, blobs[2 * index]))
        const input = toTensor([image], rule)
        const logits = await logitsOf(deploy, tensor([1, 3, ...rule.size], input.data))
        scores = Math.max(scores, largestDifference(softmax(logits), floats(blobs[2 * index + 1])))
      }
      yield {
        ...row,
        cases: count,
        what: 'pictures prepared by the scripts, levels of 255',
        against: 'pillow',
        worst: pixels,
      }
      yield {
        what: 'probabilities of the network for them',
        against: 'onnxruntime',
        cases: count,
        worst: scores,
        limit: 1e-5,
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

function mobileonePlan(cwd, engine) {
  const given = ['plan', engine, '--weights', 's0.safetensors', '-o', engine, '--max-batch-size', '16']
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, 'packages/cli/dist/main.mjs'), ...given],
    {
      cwd,
      encoding: 'utf8',
    },
  )
  if (status !== 0) throw new Error(`mobileone plan ${engine}: ${stderr}`)
}

/** How many settings are not what was asked for. */
function unlike(config) {
  const wanted = {
    name: 'mobileone_s0',
    backend: 'onnxruntime',
    maxBatchSize: 16,
    input: [{ name: 'image', dataType: 'TYPE_UINT8', dims: ['96', '64', '3'] }],
    output: [{ name: 'probabilities', dataType: 'TYPE_FP32', dims: ['1000'], labelFilename: 'labels.txt' }],
    dynamicBatching: { maxQueueDelayMicroseconds: '2000' },
    instanceGroup: [{ kind: 'KIND_CPU', count: 1 }],
  }
  const names = new Set([...Object.keys(wanted), ...Object.keys(config)])
  return [...names].filter((name) => sorted(config[name]) !== sorted(wanted[name])).length
}

/** JSON with the keys of objects in order. */
function sorted(value) {
  return JSON.stringify(value, (_, each) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )
}
