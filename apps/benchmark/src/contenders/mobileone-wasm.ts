import { wasm } from '@mobileone/backend-wasm'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { backendContender, type CreateContender } from '@mobileone/measure'

export const create: CreateContender = async ({ threads }) =>
  backendContender(wasm({ threads }), (bytes) => modelFromCheckpoint(readCheckpoint(bytes)))
