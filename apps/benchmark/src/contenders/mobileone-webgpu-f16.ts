import { webgpu } from '@mobileone/backend-webgpu'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { backendContender, type CreateContender } from '@mobileone/measure'

export const create: CreateContender = async () =>
  backendContender(webgpu({ precision: 'f16-storage' }), (bytes) =>
    modelFromCheckpoint(readCheckpoint(bytes)),
  )
