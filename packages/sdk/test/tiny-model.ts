import { type Model, tensor } from '@mobileone/core'

/** Three classes of pictures of 8x8, to be run on anything in no time. */
export const tinyModel: Model = {
  name: 'tiny',
  inputs: { image: { dtype: 'float32', shape: [1, 3, 8, 8] } },
  nodes: [
    { op: 'globalAvgPool', name: 'pool', inputs: ['image'] },
    { op: 'flatten', name: 'flat', inputs: ['pool'] },
    { op: 'linear', name: 'logits', inputs: ['flat'], weight: 'w' },
  ],
  outputs: { logits: 'logits' },
  weights: { w: tensor([3, 3], Float32Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1])) },
}
