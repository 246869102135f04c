import { type CreateContender, ortNode } from '@mobileone/measure'
import { importOrt } from './project.ts'

export const create: CreateContender = async (options) =>
  ortNode(await importOrt('onnxruntime-node'))(options)
