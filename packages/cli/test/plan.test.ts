import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { toSafetensors } from '@mobileone/checkpoint'
import { initialize, type MobileOneConfig, mobileone } from '@mobileone/core'
import { lacking, python } from '@mobileone/testkit'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openProject, type Project, tiny } from './program.ts'

interface Plan {
  readonly engine: string
  readonly output: string
  readonly files: readonly { readonly path: string; readonly bytes: number }[]
}

let project: Project
beforeAll(async () => {
  project = await openProject()
})
afterAll(() => project.remove())

const plan = (engine: string, output: string, ...more: readonly string[]): Promise<Plan> =>
  project.json<Plan>(['plan', engine, '--weights', 'tiny.safetensors', '-o', output, ...more])
const read = (path: string): string => readFileSync(join(project.folder, path), 'utf8')

describe('plan', () => {
  it('ray: the scripts, what they read and the network', { timeout: 60_000 }, async () => {
    const { files } = await plan('ray', 'ray/')
    expect(files.map(({ path }) => path)).toEqual([
      'ray/classify_pictures.py',
      'ray/prepare_pictures.py',
      'ray/plan.json',
      'ray/requirements.txt',
      'ray/README.md',
      'ray/tiny.onnx',
    ])
    expect(JSON.parse(read('ray/plan.json'))).toEqual({
      name: 'tiny',
      input: 'image',
      output: 'probabilities',
      preprocess: tiny.card?.preprocess,
      classes: 3,
      labels: ['red', 'green', 'blue'],
      top: 3,
      model: 'tiny.onnx',
    })
    expect(files.at(-1)?.bytes).toBeGreaterThan(10_000)
    expect((await project.run(['plan', 'ray', '--weights', 'tiny.safetensors', '-o', 'ray'])).code).toBe(0)
    writeFileSync(join(project.folder, 'ray/mine.txt'), '')
    const kept = await project.run(['plan', 'ray', '--weights', 'tiny.safetensors', '-o', 'ray'])
    expect([kept.code, kept.stderr]).toEqual([
      1,
      expect.stringContaining('holds mine.txt, which would be lost'),
    ])
  })

  it('triton: a model repository and a client', { timeout: 60_000 }, async () => {
    const { files } = await plan('triton', 'triton', '--max-batch-size', '8', '--queue-delay', '500', '--gpu')
    expect(files.map(({ path }) => path)).toEqual([
      'triton/model_repository/tiny/config.pbtxt',
      'triton/model_repository/tiny/labels.txt',
      'triton/model_repository/tiny/1/model.onnx',
      'triton/triton_client.py',
      'triton/prepare_pictures.py',
      'triton/plan.json',
      'triton/README.md',
    ])
    expect(read('triton/model_repository/tiny/labels.txt')).toBe('red\ngreen\nblue\n')
    expect(read('triton/model_repository/tiny/config.pbtxt')).toMatchInlineSnapshot(`
      "name: "tiny"
      backend: "onnxruntime"
      max_batch_size: 8
      input [
        {
          name: "image"
          data_type: TYPE_UINT8
          dims: [ 64, 64, 3 ]
        }
      ]
      output [
        {
          name: "probabilities"
          data_type: TYPE_FP32
          dims: [ 3 ]
          label_filename: "labels.txt"
        }
      ]
      dynamic_batching {
        max_queue_delay_microseconds: 500
      }
      instance_group [
        {
          kind: KIND_GPU
          count: 1
        }
      ]
      "
    `)
    expect(JSON.parse(read('triton/plan.json'))).toMatchObject({ maxBatchSize: 8, top: 3 })
    expect(read('triton/README.md')).toContain('--gpus all')
  })

  it('says what it is called wrongly for', { timeout: 60_000 }, async () => {
    for (const [given, message] of [
      [['spark', '-o', 'x'], 'there is no plan for "spark"; the plans are ray and triton'],
      [['torch', '-o', 'x'], 'mobileone train --plan torch'],
      [['ray', '--weights', 'tiny.safetensors'], 'say where to write with -o <folder>'],
    ] as const) {
      const { code, stderr } = await project.run(['plan', ...given])
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
    }
    expect(existsSync(join(project.folder, 'x'))).toBe(false)
  })
})

describe.skipIf(lacking('ray'))('Ray Data with the script of a plan', () => {
  it('classifies as this program does, and goes on where it was stopped', { timeout: 600_000 }, async () => {
    const start = mobileone(tiny.config as MobileOneConfig, { form: 'train' })
    const soft = {
      ...initialize(start, { seed: 3, scheme: 'pytorch', statistics: 'random' }),
      card: tiny.card ?? {},
    }
    writeFileSync(join(project.folder, 'soft.safetensors'), toSafetensors(soft))
    await project.json<Plan>(['plan', 'ray', '--weights', 'soft.safetensors', '-o', 'fleet'])
    const pictures = join(project.folder, 'pictures')
    mkdirSync(join(pictures, 'more'), { recursive: true })
    for (let index = 0; index < 12; index++) {
      const [width, height] = [40 + 13 * index, 150 - 7 * index]
      const data = Uint8Array.from(
        { length: width * height * 3 },
        (_, at) => (at * (index + 3) + (at >> 6)) & 255,
      )
      const image = sharp(data, { raw: { width, height, channels: 3 } })
      if (index % 3 === 0)
        await image
          .jpeg()
          .withMetadata({ orientation: 6 })
          .toFile(join(pictures, `${index}.jpg`))
      else if (index % 3 === 1)
        await image
          .ensureAlpha(0.5)
          .png()
          .toFile(join(pictures, `${index}.png`))
      else
        await image
          .greyscale()
          .png()
          .toFile(join(pictures, 'more', `${index}.png`))
    }
    writeFileSync(join(pictures, 'broken.jpg'), 'no picture')
    copyFileSync(join(pictures, '0.jpg'), join(pictures, '.hidden.jpg'))

    const classify = (...more: readonly string[]): string => {
      const given = ['--pictures', 'pictures', '--output', 'predictions', '--batch-size', '4', ...more]
      const { status, stdout, stderr } = spawnSync(python, ['fleet/classify_pictures.py', ...given], {
        cwd: project.folder,
        encoding: 'utf8',
        env: { ...process.env, RAY_USAGE_STATS_ENABLED: '0', PYTHONDONTWRITEBYTECODE: '1' },
      })
      expect(status, stderr).toBe(0)
      return stdout
    }
    expect(classify('--limit', '5')).toContain('13 pictures, 8 not in this run, 5 to classify')
    expect(classify()).toContain('13 pictures, 5 not in this run, 8 to classify')
    expect(classify()).toContain('13 pictures, 13 not in this run, 0 to classify')
    const parts = readdirSync(join(project.folder, 'predictions'))
    expect(
      parts.every((name) => /^part-[0-9a-f]{32}\.parquet$/.test(name)),
      parts.join(),
    ).toBe(true)

    const printed = spawnSync(
      python,
      [
        '-c',
        'import json, pyarrow.dataset as d; print(json.dumps(d.dataset("predictions").to_table().to_pylist()))',
      ],
      { cwd: project.folder, encoding: 'utf8' },
    )
    const rows = JSON.parse(printed.stdout) as {
      path: string
      error: string | null
      index: number[] | null
      label: string[] | null
      score: number[] | null
    }[]
    expect(rows.length).toBe(13)
    expect(new Set(rows.map(({ path }) => path)).size).toBe(13)
    let worst = 0
    for (const { path, error, index, label, score } of rows) {
      if (path.endsWith('broken.jpg')) {
        expect([error, index]).toEqual([expect.stringContaining('UnidentifiedImageError'), null])
        continue
      }
      expect(error).toBeNull()
      const [ours] = await project.json<{ top: { index: number; label: string; score: number }[] }[]>([
        'classify',
        path,
        '--weights',
        'soft.safetensors',
      ])
      expect(score?.[0], 'a probability that a wrong picture would change').toBeLessThan(0.99)
      expect(label?.[0], path).toBe(ours?.top[0]?.label)
      for (const each of ours?.top ?? []) {
        const theirs = score?.[index?.indexOf(each.index) ?? -1] ?? Number.NaN
        expect(Math.abs(each.score - theirs), `${path}, ${each.label}`).toBeLessThan(1e-5)
        worst = Math.max(worst, Math.abs(each.score - theirs))
      }
    }
    console.log(`probabilities of 12 pictures apart by at most ${worst.toExponential(1)}`)
    rmSync(join(project.folder, 'predictions'), { recursive: true })
  })
})
