import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { initialize, type Model, mobileone, variants, withCard } from '@mobileone/core'
import { type CoreMLOptions, toCoreML, zipPackage } from '../src/index.ts'
import { fullCard } from './support/models.ts'

let model: Model | undefined
let zip: Uint8Array | undefined

/** Load the weights at `address`, or make random ones of an S0. */
async function load(address: string | undefined): Promise<void> {
  const made = address
    ? modelFromCheckpoint(readCheckpoint(new Uint8Array(await (await fetch(address)).arrayBuffer())))
    : initialize(mobileone(variants.s0, { form: 'deploy' }), { seed: 1 })
  model = withCard(made, fullCard(1000, [224, 224]))
}

/** Export to a zip file, which the page keeps: milliseconds, and the size of the file. */
function exportZip(precision: NonNullable<CoreMLOptions['precision']>): {
  readonly ms: number
  readonly bytes: number
} {
  if (!model) throw new Error('load a model first')
  zip = undefined
  const start = performance.now()
  zip = zipPackage(toCoreML(model, { precision }))
  return { ms: performance.now() - start, bytes: zip.length }
}

const page = { load, exportZip }
export type CoreMLPage = typeof page
Object.assign(globalThis, { coreml: page })
