import { wasm } from '@mobileone/backend-wasm'
import { backendContender, type CreateContender } from '@mobileone/measure'
import { readModel } from './read-model.ts'

export const create: CreateContender = async ({ threads, inputShape }) =>
  backendContender(wasm({ threads, precision: 'int8' }), (bytes) => readModel(bytes, inputShape))
