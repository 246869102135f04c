import { type CreateContender, type OrtLibrary, ortWebgpu } from '@mobileone/measure'
import * as ort from 'onnxruntime-web/webgpu'

export const create: CreateContender = ortWebgpu(ort as unknown as OrtLibrary)
