import { readFile, writeFile } from 'node:fs/promises'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { reparameterize, withCard } from '@mobileone/core'
import { toCoreML, toSwift } from '@mobileone/coreml'
import { writePackage } from '@mobileone/coreml/node'

export async function main(weights: string, labels: readonly string[]): Promise<void> {
  const trained = modelFromCheckpoint(readCheckpoint(await readFile(weights)))
  const model = withCard(reparameterize(trained), {
    labels,
    preprocess: {
      size: [224, 224],
      resize: 256,
      interpolation: 'bilinear',
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    },
  })
  await writePackage('MobileOne.mlpackage', toCoreML(model))
  await writeFile('MobileOne.swift', toSwift({ ...model, name: 'MobileOne' }))
}
