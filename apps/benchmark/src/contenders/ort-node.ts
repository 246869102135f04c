import { type CreateContender, type OrtLibrary, ortContender } from '@mobileone/cli/measure'
import * as ort from 'onnxruntime-node'

export const create: CreateContender = async (options) =>
  ortContender(ort as unknown as OrtLibrary, options, {
    executionProviders: ['cpu'],
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
  })
