import { type CreateContender, ortWasm } from '@mobileone/measure'
import { importOrt } from './project.ts'

export const create: CreateContender = async (options) => ortWasm(await importOrt('onnxruntime-web'))(options)
