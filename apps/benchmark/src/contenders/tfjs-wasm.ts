import { type CreateContender, tfjsWasm } from '@mobileone/measure'
import * as wasm from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'

export const create: CreateContender = tfjsWasm({ tf, wasm })
