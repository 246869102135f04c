import { type CreateContender, ortWasm } from '@mobileone/measure'
import { importOrt } from './project.ts'

export const create: CreateContender = ortWasm(() => importOrt('onnxruntime-web'))
