import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modelFromCheckpoint, readCheckpoint, toSafetensors } from '@mobileone/checkpoint'
import { initialize, maxAbsDifference, mobileone, type Tensor, variants } from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import { fashionMnistRecipe, overrideRecipe, paperRecipe } from '../src/recipe.ts'
import { type TorchPlan, torchPlan } from '../src/torch-plan/torch-plan.ts'
import { writeTorchPlan } from '../src/torch-plan/write-torch-plan.ts'

const imagenet = { folder: '/data/imagenet', classes: 1000 }
const after = (command: readonly string[], flag: string): string | undefined => {
  const place = command.indexOf(flag)
  return place < 0 ? undefined : command[place + 1]
}

describe('the plan of the paper for S2 on eight GPUs', () => {
  const plan = torchPlan(paperRecipe('s2'), { variant: 's2', dataset: imagenet, devices: 8 })

  it('starts the script of the recipe with torchrun', () => {
    expect(plan.command.join(' ')).toBe(
      'torchrun --standalone --nproc_per_node=8 train_mobileone.py --data /data/imagenet --output runs/mobileone-s2 --workers 8',
    )
    const script = JSON.parse(plan.files['plan.json']) as Record<string, unknown>
    expect(script).toMatchObject({
      model: 'mobileone_s2',
      classes: 1000,
      channels: 3,
      labels: null,
      folders: { train: 'train', validation: 'val' },
      preprocess: { size: [224, 224], resize: 256, mean: [0.485, 0.456, 0.406] },
    })
    expect(script.recipe).toEqual(paperRecipe('s2'))
    expect((script.autoAugment as unknown[]).length).toBe(25)
  })

  it("gives timm's train.py the values of the recipe", () => {
    expect(plan.timm.command.join(' ')).toBe(
      'torchrun --standalone --nproc_per_node=8 train.py --data-dir /data/imagenet --train-split train --val-split val ' +
        '--model mobileone_s2 --num-classes 1000 --input-size 3 224 224 --mean 0.485 0.456 0.406 --std 0.229 0.224 0.225 ' +
        '--interpolation bilinear --crop-pct 0.875 --batch-size 32 --epochs 295 --opt momentum --momentum 0.9 ' +
        '--weight-decay 0.0001 --sched cosine --sched-on-updates --lr 0.1 --min-lr 0.000001 --warmup-epochs 5 ' +
        '--warmup-lr 0.0001 --warmup-prefix --smoothing 0.1 --hflip 0.5 --color-jitter 0 --train-interpolation bilinear ' +
        '--seed 0 --workers 8 --output runs/mobileone-s2 --experiment mobileone-s2 --pin-mem --scale 0.08 1 ' +
        '--ratio 0.75 1.333333 --aa original --model-ema --model-ema-decay 0.9995 --model-ema-warmup',
    )
    expect(plan.timm.departures.map((text) => text.split(' ').slice(0, 2).join(' '))).toEqual([
      'weight decay',
      'batch-norm parameters',
      'all epochs',
      'AutoAugment has',
      'the decay',
    ])
    for (const line of ['lr: 0.1', 'min_lr: 0.000001', 'input_size: [3, 224, 224]', 'warmup_prefix: true']) {
      expect(plan.files['timm.yaml']).toContain(`\n${line}\n`)
    }
  })

  it('explains itself', () => {
    const page = plan.files['README.md']
    expect(page).toContain(plan.command.join(' '))
    expect(page).toContain(plan.timm.command.join(' '))
    for (const departure of plan.timm.departures) expect(page).toContain(departure)
  })
})

describe('torchPlan', () => {
  const plan = (overrides: object, options: object = {}): TorchPlan =>
    torchPlan(overrideRecipe(paperRecipe('s0'), overrides), {
      variant: 's0',
      dataset: imagenet,
      devices: 4,
      ...options,
    })

  it('follows changed values', () => {
    const { timm, command } = plan(
      {
        name: 'mine',
        optimizer: { nesterov: true },
        learningRate: { final: 1e-7, warmupEpochs: 0 },
        weightDecay: { from: 5e-5, to: 5e-5, exempt: ['batchNorm', 'bias'] },
        ema: null,
        gradientClip: 2,
        labelSmoothing: 0,
        batchNormMomentum: 0.01,
        augmentation: { flip: false, crop: { kind: 'padded', pixels: 4 } },
      },
      { amp: true, machines: 2, workers: 3, output: 'elsewhere' },
    )
    const flag = (name: string): string | undefined => after(timm.command, name)
    expect(command).toEqual([
      'torchrun',
      '--nnodes=2',
      '--nproc_per_node=4',
      '--rdzv_backend=c10d',
      '--rdzv_endpoint=HOST:29500',
      'train_mobileone.py',
      '--data',
      '/data/imagenet',
      '--output',
      'elsewhere',
      '--workers',
      '3',
      '--amp',
    ])
    expect(flag('--opt')).toBe('sgd')
    expect(flag('--epochs')).toBe('300')
    expect(flag('--weight-decay')).toBe('0.00005')
    expect(flag('--clip-grad')).toBe('2')
    expect(flag('--smoothing')).toBe('0')
    expect(flag('--hflip')).toBe('0')
    expect(flag('--batch-size')).toBe('32')
    expect(flag('--amp-dtype')).toBe('bfloat16')
    for (const absent of ['--model-ema', '--aa', '--scale']) expect(timm.command).not.toContain(absent)
    expect(timm.departures).toHaveLength(2)
  })

  it('writes small numbers so that YAML reads numbers', () => {
    const { files } = plan({ learningRate: { final: 1e-7 } })
    expect(files['timm.yaml']).toContain('\nmin_lr: 1.0e-7\n')
  })

  it('plans grey pictures with labels of their own', () => {
    const labels = Array.from({ length: 10 }, (_, index) => `kind ${index}`)
    const { files, timm } = torchPlan(fashionMnistRecipe(), {
      variant: 's1',
      dataset: { folder: 'my data', classes: 10, channels: 1, labels, validation: null },
      devices: 1,
    })
    expect(JSON.parse(files['plan.json'])).toMatchObject({
      labels,
      channels: 1,
      autoAugment: null,
      folders: { validation: null },
      preprocess: { size: [28, 28], resize: 32, mean: [0.449], std: [0.226] },
    })
    expect(after(timm.command, '--in-chans')).toBe('1')
    expect(timm.command).not.toContain('--val-split')
    expect(files['README.md']).toContain("--data 'my data'")
  })

  it.each([
    [{ devices: 0 }, /devices/],
    [{ devices: 3 }, /batch of 256 does not split/],
    [{ devices: 256 }, /batch of 256 does not split/],
    [{ variant: 's9' }, /no network "s9"/],
    [{ dataset: { folder: 'x', classes: 1 } }, /classes/],
    [{ dataset: { folder: 'x', classes: 3, labels: ['a'] } }, /1 labels for 3/],
    [{ workers: -1 }, /workers/],
  ])('refuses %j', (options, message) => {
    expect(() => plan({}, options)).toThrow(message)
  })

  it('is written to a folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mobileone-plan-'))
    try {
      const given = plan({})
      const paths = await writeTorchPlan(join(folder, 'new'), given)
      expect(paths.map((path) => readFileSync(path, 'utf8'))).toEqual(Object.values(given.files))
      await expect(writeTorchPlan(paths[0] as string, given)).rejects.toMatchObject({
        code: 'invalid-argument',
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe("timm's names", () => {
  it.each(['s0', 's1'] as const)('carry a train-form %s there and back', (variant) => {
    const model = initialize(mobileone(variants[variant], { form: 'train' }), {
      seed: 2,
      statistics: 'random',
    })
    const checkpoint = readCheckpoint(toSafetensors(model, { naming: 'timm' }))
    expect(checkpoint.tensors.has('stages.0.0.conv_kxk.0.conv.weight')).toBe(true)
    const back = modelFromCheckpoint(checkpoint)
    expect(back.nodes).toEqual(model.nodes)
    expect(Object.keys(back.weights).sort()).toEqual(Object.keys(model.weights).sort())
    for (const [name, weight] of Object.entries(model.weights)) {
      expect(maxAbsDifference(back.weights[name] as Tensor, weight), name).toBe(0)
    }
  })
})
