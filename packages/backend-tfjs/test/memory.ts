import * as tf from '@tensorflow/tfjs-core'

/** Tensors that tfjs holds, of which none may be left over. */
export const memory = { measure: (): number => tf.memory().numTensors, allowance: 0 }
