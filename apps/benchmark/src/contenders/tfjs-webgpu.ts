import type { CreateContender } from '@mobileone/cli/measure'
import '@tensorflow/tfjs-backend-webgpu'
import * as tf from '@tensorflow/tfjs-core'
import { graphContender } from './tfjs-graph.ts'

export const create: CreateContender = async (options) => {
  if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs-backend-webgpu does not start here')
  return graphContender(options)
}
