import { readFileSync } from 'node:fs'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import type { Model } from '@mobileone/core'
import { wasm } from '@mobileone/sdk'
import { lacking } from '@mobileone/testkit'
import { batchSource, type Evaluation, evaluate } from '@mobileone/train'
import { fashionMnist } from '@mobileone/train/node'
import { expect, it } from 'vitest'
import { downloadedModel } from '../plugins/embedded-model.ts'
import { assetUrl, readDescription, readModel } from '../src/embedded.ts'

const description = readDescription()

async function accuracy(model: Model): Promise<Evaluation> {
  const source = batchSource(await fashionMnist({ split: 'test' }), {
    preprocess: model.card?.preprocess as NonNullable<typeof model.card>['preprocess'] & object,
  })
  return evaluate(model, source, { backend: wasm() })
}

it.skipIf(lacking('fashion-mnist'))('the embedded model has the accuracy described', async () => {
  const { top1, images } = await accuracy(readModel(description))
  expect(images).toBe(10_000)
  // Two images beside a decision may fall either way with another rounding.
  expect(Math.abs(top1 - description.test.top1)).toBeLessThan(3e-4)
})

it.skipIf(lacking('fashion-mnist'))('the model that the page downloads is as accurate', async () => {
  const bytes = await downloadedModel(readFileSync(assetUrl(description.weights)))
  const { top1 } = await accuracy(modelFromCheckpoint(readCheckpoint(bytes)))
  expect(Math.abs(top1 - description.test.top1)).toBeLessThan(1e-3)
})
