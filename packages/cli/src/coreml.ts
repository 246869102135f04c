import type { Model } from '@mobileone/core'
import type { CoreMLDescription, CoreMLSource } from '@mobileone/coreml'

/**
 * The model in a Core ML file of either kind.
 * @throws MobileOneError `unsupported` where it holds what a model does not have, `invalid-file` for damaged files.
 */
export async function readCoreML(source: CoreMLSource, kind?: CoreMLDescription['kind']): Promise<Model> {
  const { describeCoreML, fromCoreML } = await import('@mobileone/coreml')
  if ((kind ?? describeCoreML(source).kind) === 'ML program') return fromCoreML(source)
  const { fromMLModel } = await import('@mobileone/coreml/mlmodel')
  return fromMLModel(source)
}
