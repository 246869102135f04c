import { initialize, mobileone, variants, withCard } from '@mobileone/core'
import { test } from 'vitest'
import { fullCard, tinyConfig, tinyModel } from './support/models.ts'
import { expectRoundTrip } from './support/round-trip.ts'

test.each(Object.entries(variants))('%s is read back as it was written', (_, config) => {
  const plain = initialize(mobileone(config, { form: 'deploy' }), { seed: 1 })
  expectRoundTrip(withCard(plain, fullCard(1000, [224, 224])))
})

test('21,000 classes are read back as they were written', () => {
  expectRoundTrip(tinyModel({ ...tinyConfig, classes: 21_000 }))
})
