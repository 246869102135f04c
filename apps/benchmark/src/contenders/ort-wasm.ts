import { type CreateContender, type OrtLibrary, ortWasm } from '@mobileone/measure'
import * as ort from 'onnxruntime-web'

export const create: CreateContender = ortWasm(ort as unknown as OrtLibrary)
