import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createClassifier, profile, reference, wasm } from '@mobileone/sdk'
import { describe, expect, it } from 'vitest'
import { assetUrl, readDescription, readModel } from '../src/embedded.ts'

const description = readDescription()

describe('the embedded model', () => {
  it('has the configuration its description tells', () => {
    const model = readModel(description)
    const { config, labels } = description
    expect(model.inputs.image?.shape).toEqual([1, config.input.channels, ...config.input.size])
    expect(profile(model).layers.at(-1)?.outputShape).toEqual([1, labels.length])
    expect(model.nodes.some((node) => node.op === 'batchNorm')).toBe(true)
  })

  it.each([
    ['reference', reference],
    ['wasm', wasm],
  ])("gives PyTorch's logits of the pictures on %s, decoding included", async (_, backend) => {
    const classifier = await createClassifier({ model: readModel(description), backend: backend() })
    for (const { image, logits } of description.reference) {
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
    for (const { image } of description.reference) expect(stdout).toContain(image)
    expect(stdout).toMatch(/largest difference of an output \d\.\de-\d/)
    expect(stdout).toMatch(/result +\d+ of 10 right/)
    expect(stdout).toMatch(/latency +\d+\.\d+ ms an image/)
  })

  it('names a picture it cannot read', () => {
    const { stderr, status } = run('nothing.png')
    expect(status).toBe(1)
    expect(stderr).toMatch(/^demo: nothing\.png/)
  })
})
