import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import {
  floatWeight,
  type Model,
  maxAbsDifference,
  random,
  reference,
  reparameterize,
  type Tensor,
  tensor,
  withOutputs,
} from '@mobileone/core'
import { lacking, python } from '@mobileone/testkit'
import { type Image, resizeAndCrop } from '@mobileone/vision'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applyOperation, type Operation } from '../src/data/auto-augment.ts'
import { layoutsOf } from '../src/gradients/parameter-layout.ts'
import { learningRateAt, overrideRecipe, paperRecipe, weightDecayAt } from '../src/recipe.ts'
import { torchPlan } from '../src/torch-plan/torch-plan.ts'
import { writeTorchPlan } from '../src/torch-plan/write-torch-plan.ts'
import { averageDecay } from '../src/trainer/optimizer.ts'

const minutes = 60_000
const folder = mkdtempSync(join(tmpdir(), 'mobileone-torch-'))
afterAll(() => rmSync(folder, { recursive: true }))

const recipe = overrideRecipe(paperRecipe('s2'), {
  epochs: 2,
  learningRate: { peak: 0.02, warmupEpochs: 0.5 },
  curriculum: [
    { from: 0, size: [32, 32], strength: 0.3, batchSize: 12 },
    { from: 1, size: [40, 32], strength: 1, batchSize: 18 },
  ],
})
const rule = {
  size: [48, 48],
  resize: 55,
  interpolation: 'bilinear',
  mean: [0.4, 0.45, 0.5],
  std: [0.3, 0.25, 0.2],
} as const
const plan = torchPlan(recipe, {
  variant: 's1',
  dataset: { folder: join(folder, 'data'), classes: 3, preprocess: rule },
  devices: 2,
  workers: 0,
})

function run(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(python, args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1e8,
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  })
  expect(status, stderr).toBe(0)
  return stdout
}

const pictures = `
import random, sys
from pathlib import Path
from PIL import Image
r = random.Random(1)
for split, count in (("train", 12), ("val", 3)):
    for k, name in enumerate(("ash", "beech", "cedar")):
        path = Path("data", split, name)
        path.mkdir(parents=True)
        for i in range(count):
            colour = tuple(r.randint(0, 90) + (150 if c == k else 0) for c in range(3))
            Image.new("RGB", (r.randint(40, 70), r.randint(40, 70)), colour).save(path / f"{i}.png")
`

const train = (output: string, processes: number, ...more: readonly string[]): string =>
  run([
    ...(processes > 1
      ? ['-m', 'torch.distributed.run', '--standalone', `--nproc_per_node=${processes}`]
      : []),
    'train_mobileone.py',
    '--data',
    'data',
    '--output',
    output,
    '--workers',
    '0',
    '--device',
    'cpu',
    ...more,
  ])

const load = (path: string, root?: string): Model =>
  modelFromCheckpoint(readCheckpoint(readFileSync(join(folder, path)), root === undefined ? {} : { root }), {
    size: rule.size,
  })

function difference(a: Model, b: Model): number {
  expect(Object.keys(a.weights)).toEqual(Object.keys(b.weights))
  return Math.max(
    ...Object.keys(a.weights).map((name) => maxAbsDifference(floatWeight(a, name), floatWeight(b, name))),
  )
}

describe.skipIf(lacking('torch'))('PyTorch with the script of a plan', () => {
  beforeAll(async () => {
    await writeTorchPlan(folder, plan)
    run(['-c', pictures])
  }, 5 * minutes)

  it(
    'has the schedules, the operations and the crop of this package',
    () => {
      const size = { width: 37, height: 29 }
      const source = random(7)
      const image: Image = {
        ...size,
        channels: 3,
        data: Uint8Array.from({ length: size.width * size.height * 3 }, (_, i) =>
          Math.min(255, Math.floor(60 * source.next() + (i % 37) * 5)),
        ),
      }
      const operations: readonly Operation[] = [
        'shearX',
        'shearY',
        'translateX',
        'translateY',
        'rotate',
        'brightness',
        'color',
        'contrast',
        'sharpness',
        'posterize',
        'solarize',
        'autoContrast',
        'equalize',
        'invert',
      ]
      const out = JSON.parse(
        run([
          '-c',
          `
import json, sys
import pictures, schedules
from PIL import Image
plan = json.load(open("plan.json"))
recipe = plan["recipe"]
image = Image.frombytes("RGB", (37, 29), bytes(${JSON.stringify([...image.data])}))
data = pictures.Pictures("data/train", plan)
print(json.dumps({
    "rates": [schedules.learning_rate_at(recipe, e / 16) for e in range(33)],
    "decays": [schedules.weight_decay_at(recipe, e / 16) for e in range(33)],
    "averages": [schedules.average_decay(recipe["ema"], s) for s in (0, 1, 50, 100000)],
    "operations": [list(pictures.apply(image, o, level, sign, (9, 8, 7)).tobytes())
                   for o in ${JSON.stringify(operations)} for level in (0.3, 0.8) for sign in (-1, 1)],
    "crop": list(data.evaluated(image).tobytes()),
}))`,
        ]),
      ) as Record<'rates' | 'decays' | 'averages' | 'crop', number[]> & { operations: number[][] }
      const epochs = Array.from({ length: 33 }, (_, index) => index / 16)
      for (const [index, epoch] of epochs.entries()) {
        expect(out.rates[index]).toBeCloseTo(learningRateAt(recipe, epoch), 14)
        expect(out.decays[index]).toBeCloseTo(weightDecayAt(recipe, epoch), 14)
      }
      const ema = recipe.ema as NonNullable<typeof recipe.ema>
      expect(out.averages).toEqual([0, 1, 50, 100_000].map((step) => averageDecay(ema, step)))
      const ours = operations.flatMap((operation) =>
        [0.3, 0.8].flatMap((level) =>
          ([-1, 1] as const).map((sign) => [
            ...applyOperation(image, operation, level, sign, [9, 8, 7]).data,
          ]),
        ),
      )
      for (const [index, pixels] of ours.entries()) {
        expect(out.operations[index], operations[Math.floor(index / 4)]).toEqual(pixels)
      }
      expect(out.crop).toEqual([...resizeAndCrop(image, rule).data])
    },
    3 * minutes,
  )

  it(
    'goes on with a stopped run, bit for bit, and both sets of weights import with the logits of PyTorch',
    async () => {
      train('whole', 1)
      train('parts', 1, '--stop-after', '2')
      const before = readCheckpoint(readFileSync(join(folder, 'parts/last.pth.tar')))
      expect(before.root).toBe('state_dict_ema')
      expect(before.metadata.get('step')).toBe('2')
      train('parts', 1)
      for (const root of ['state_dict', 'state_dict_ema']) {
        expect(difference(load('whole/last.pth.tar', root), load('parts/last.pth.tar', root)), root).toBe(0)
      }
      expect(
        difference(load('whole/last.pth.tar', 'state_dict'), load('whole/last.pth.tar')),
      ).toBeGreaterThan(0)

      const average = load('whole/model.safetensors')
      expect(difference(average, load('whole/last.pth.tar'))).toBe(0)
      expect(average.name).toBe('mobileone_s1')
      expect(average.card).toMatchObject({
        labels: ['ash', 'beech', 'cedar'],
        preprocess: rule,
        training: { recipe: { name: recipe.name }, epochs: 2 },
      })

      const expected = JSON.parse(
        run([
          '-c',
          `
import json, timm, torch
from train_mobileone import parameter_groups
from safetensors.torch import load_file
model = timm.create_model("mobileone_s1", num_classes=3).eval()
x = torch.sin(torch.arange(3 * 48 * 48, dtype=torch.float64) * 0.37).float().view(1, 3, 48, 48)
state = torch.load("whole/last.pth.tar", weights_only=True)
result = {}
with torch.no_grad():
    for name, weights in (("last", state["state_dict"]), ("average", load_file("whole/model.safetensors"))):
        model.load_state_dict(weights, strict=True)
        result[name] = model(x)[0].tolist()
groups = parameter_groups(model, ["batchNorm"])
result["spared"] = sum(p.numel() for p in groups[1]["params"])
result["decayed"] = sum(p.numel() for p in groups[0]["params"])
print(json.dumps(result))`,
        ]),
      ) as { last: number[]; average: number[]; spared: number; decayed: number }
      const input = tensor(
        [1, 3, 48, 48],
        Float32Array.from({ length: 3 * 48 * 48 }, (_, i) => Math.sin(i * 0.37)),
      )
      for (const [model, logits] of [
        [load('whole/last.pth.tar', 'state_dict'), expected.last],
        [average, expected.average],
        [reparameterize(average), expected.average],
      ] as const) {
        await using executor = await reference().compile(withOutputs(model, { logits: 'head' }))
        const found = (await executor.run({ image: input })).logits as Tensor
        // After five steps the running statistics lag so far behind that logits are in the thousands.
        const scale = Math.max(1, ...logits.map(Math.abs))
        const apart = maxAbsDifference(found, tensor([1, 3], Float32Array.from(logits))) / scale
        console.log(
          `logits up to ${scale.toFixed(0)}, apart from PyTorch's by ${apart.toExponential(1)} of that`,
        )
        expect(apart).toBeLessThan(1e-5)
      }

      const { parameters, kinds } = layoutsOf(average)
      const count = (wanted: boolean): number =>
        parameters.slots.reduce(
          (sum, { size }, index) => sum + ((kinds[index] === 'batchNorm') === wanted ? size : 0),
          0,
        )
      expect([expected.spared, expected.decayed]).toEqual([count(true), count(false)])
    },
    10 * minutes,
  )

  it(
    'trains in two processes, stopped and gone on with',
    () => {
      mkdirSync(join(folder, 'two'))
      train('two', 2, '--stop-after', '4')
      train('two', 2)
      const log = readFileSync(join(folder, 'two/log.jsonl'), 'utf8').trim().split('\n')
      const records = log.map((line) => JSON.parse(line) as Record<string, number>)
      expect(records.map(({ epoch }) => epoch)).toEqual([1, 2])
      for (const [index, steps] of [3, 2].entries()) {
        const { learningRate, top1, loss } = records[index] as Record<string, number>
        expect(learningRate).toBeCloseTo(learningRateAt(recipe, index + 1 - 1 / steps), 14)
        expect(loss).toBeGreaterThan(0)
        expect(((top1 as number) * 9) % 1).toBeCloseTo(0, 9)
      }
      expect(load('two/model.safetensors').card?.labels).toEqual(['ash', 'beech', 'cedar'])
      expect(difference(load('two/model.safetensors'), load('two/last.pth.tar'))).toBe(0)
    },
    10 * minutes,
  )
})
