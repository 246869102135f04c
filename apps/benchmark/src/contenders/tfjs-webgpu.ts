import { type CreateContender, tfjsWebgpu } from '@mobileone/measure'
import '@tensorflow/tfjs-backend-webgpu'
import * as tf from '@tensorflow/tfjs-core'

export const create: CreateContender = tfjsWebgpu(tf)
