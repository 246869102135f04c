import { wasm } from '@mobileone/backend-wasm'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { backendContender } from '@mobileone/measure'

/** @type {import('@mobileone/measure').CreateContender} */
export const create = async ({ threads }) =>
  backendContender(wasm({ threads }), (bytes) => modelFromCheckpoint(readCheckpoint(bytes)))
