import { type CreateContender, ortNode } from '@mobileone/measure'
import { importOrt } from './project.ts'

export const create: CreateContender = ortNode(() => importOrt('onnxruntime-node'))
