import { type CreateContender, ortContender } from '../measure/index.ts'
import { importOrt } from './project.ts'

export const create: CreateContender = async (options) =>
  ortContender(await importOrt('onnxruntime-node'), options, {
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
  })
