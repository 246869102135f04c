import { initialize, mobileone, variants, withCard } from '@mobileone/core'
import { toCoreML, zipPackage } from '../src/index.ts'
import { fullCard } from './support/models.ts'

/** Export an S0 in float16 to a zip file: milliseconds, and the size of the file. */
function exportZip(): { readonly ms: number; readonly bytes: number } {
  const graph = mobileone(variants.s0, { form: 'deploy' })
  const model = withCard(initialize(graph, { seed: 1 }), fullCard(1000, [224, 224]))
  const start = performance.now()
  const zip = zipPackage(toCoreML(model))
  return { ms: performance.now() - start, bytes: zip.length }
}

Object.assign(globalThis, { exportZip })
