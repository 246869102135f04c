import { webgpu } from '@mobileone/backend-webgpu'
import { backendContender, type CreateContender } from '@mobileone/measure'
import { readModel } from './read-model.ts'

export const create: CreateContender = async ({ inputShape }) =>
  backendContender(webgpu({ precision: 'f16-storage' }), (bytes) => readModel(bytes, inputShape))
