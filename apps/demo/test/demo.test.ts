import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createClassifier, profile, reference, wasm } from '@mobileone/sdk'
import { fashionMnistRecipe } from '@mobileone/train'
import { describe, expect, it } from 'vitest'
import { assetUrl, readDescription, readModel } from '../src/embedded.ts'

const description = readDescription()

describe('the embedded model', () => {
  it('is in train form and carries its card', () => {
    const model = readModel(description)
    expect(model.inputs.image?.shape).toEqual([1, 1, 28, 28])
    expect(profile(model).layers.at(-1)?.outputShape).toEqual([1, 10])
    expect(model.nodes.some((node) => node.op === 'batchNorm')).toBe(true)
    expect(model.card?.labels).toHaveLength(10)
    expect(model.card?.training).toMatchObject({ recipe: JSON.parse(JSON.stringify(fashionMnistRecipe())) })
  })

  it('is at most 600 kB, and its log tells the accuracy the description has', () => {
    expect(statSync(assetUrl(description.weights)).size).toBeLessThan(600_000)
    const log = readFileSync(assetUrl('fashion-mnist.jsonl'), 'utf8').trim().split('\n')
    expect(JSON.parse(log.at(-1) as string).test).toEqual(description.test)
    expect(description.test.top1).toBeGreaterThan(0.92)
  })

  it.each([
    ['reference', reference],
    ['wasm', wasm],
  ])('gives the logits described on %s, decoding included', async (_, backend) => {
    const classifier = await createClassifier({ model: readModel(description), backend: backend() })
    for (const { image, logits } of description.pictures) {
      const found = await classifier.logits(assetUrl(image))
      const largest = Math.max(...logits.map((value, index) => Math.abs(value - (found[index] as number))))
      expect(largest, image).toBeLessThan(5e-5)
    }
    await classifier.dispose()
  })
})

describe('npm run demo', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [fileURLToPath(new URL('../dist/main.mjs', import.meta.url)), ...args], {
      encoding: 'utf8',
    })

  it('tells what it did and classifies every committed picture', () => {
    const { stdout, status } = run()
    expect(status).toBe(0)
    for (const { image } of description.pictures) expect(stdout).toContain(image)
    expect(stdout).toMatch(/largest difference of an output \d\.\de-\d/)
    expect(stdout).toMatch(/result +\d+ of 10 right/)
    expect(stdout).toMatch(/latency +\d+\.\d+ ms an image/)
  })

  it('has help, and refuses an option that it has not', () => {
    expect(run('--help')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('npm run demo [-- <picture>...]'),
    })
    expect(run('--halp')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^demo: Unknown option '--halp'/),
    })
  })

  it('names a picture it cannot read', () => {
    const { stdout, stderr, status } = run('nothing.png')
    expect(stdout).toBe('')
    expect(status).toBe(1)
    expect(stderr).toMatch(/^demo: nothing\.png/)
  })
})
