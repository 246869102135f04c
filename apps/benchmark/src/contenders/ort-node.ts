import { type CreateContender, type OrtLibrary, ortNode } from '@mobileone/measure'
import * as ort from 'onnxruntime-node'

export const create: CreateContender = ortNode(ort as unknown as OrtLibrary)
