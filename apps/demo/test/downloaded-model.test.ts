import { readFileSync } from 'node:fs'
import { brotliCompressSync } from 'node:zlib'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { floatWeight, type Model } from '@mobileone/core'
import { createClassifier, wasm } from '@mobileone/sdk'
import { beforeAll, describe, expect, it } from 'vitest'
import { downloadedBits, downloadedModel } from '../plugins/embedded-model.ts'
import { roundToBits } from '../plugins/round-significand.ts'
import { assetUrl, readDescription } from '../src/embedded.ts'

const description = readDescription()

describe('the model that the page downloads', () => {
  let bytes: Uint8Array
  let model: Model
  beforeAll(async () => {
    bytes = await downloadedModel(readFileSync(assetUrl(description.weights)))
    model = modelFromCheckpoint(readCheckpoint(bytes))
  })

  it('has weights of 7 significant bits, which compress to less than 150 kB', () => {
    for (const name of Object.keys(model.weights).filter((name) => name.endsWith('.weight'))) {
      const { data } = floatWeight(model, name)
      expect(data, name).toEqual(roundToBits(data, downloadedBits))
    }
    expect(brotliCompressSync(bytes).length).toBeLessThan(150_000)
  })

  it('says of the samples what the trained one says', async () => {
    const classifier = await createClassifier({ model, backend: wasm() })
    for (const { image, logits } of description.pictures) {
      const found = await classifier.logits(assetUrl(image))
      const largest = Math.max(...logits.map((value, index) => Math.abs(value - (found[index] as number))))
      expect(largest, image).toBeLessThan(0.1)
    }
    await classifier.dispose()
  })
})

it('rounds to the nearest value of so many bits, ties to even', () => {
  const values = Float32Array.of(0, -0, 1, -1.00390625, 1.00390625, 1.01171875, 1.003906369, Math.PI)
  expect([...roundToBits(values, 8)]).toEqual([0, -0, 1, -1, 1, 1.015625, 1.0078125, 3.140625])
})
