import { engine } from '../../state/engine.ts'
import { settings } from './pictures.ts'
import { type Region, type Size, seenPart } from './region.ts'

/** {@link seenPart} for the model and the settings of now. */
export function seenNow(size: Size | undefined, region: Region | undefined): Region | undefined {
  const rule = engine.value.classifier?.preprocess
  const { fit } = settings.value
  return size && rule && seenPart(size, rule, { fit, ...(region && { region }) })
}
