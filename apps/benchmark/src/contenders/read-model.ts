import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { type Model, withInputs } from '@mobileone/core'

/**
 * The model of a safetensors file, at the shape that is measured: MobileOne's files tell the size of a picture, and not how many
 * there are at once.
 */
export function readModel(bytes: Uint8Array<ArrayBuffer>, inputShape: readonly number[]): Model {
  const model = modelFromCheckpoint(readCheckpoint(bytes))
  const [name = ''] = Object.keys(model.inputs)
  return withInputs(model, { [name]: inputShape })
}
