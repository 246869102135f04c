/** Prints the megabytes of this process with a pool of as many threads as its argument says, on 32 MB of weights. */
import { tensor } from '@mobileone/core'
import { createPool } from '@mobileone/sdk/node'

const width = 2890
const linear = (name, input, weight) => ({ op: 'linear', name, inputs: [input], weight })
const pool = await createPool({
  size: Number(process.argv[2]),
  maxQueue: 30,
  model: {
    name: 'wide',
    inputs: { image: { dtype: 'float32', shape: [1, 3, 8, 8] } },
    nodes: [
      { op: 'globalAvgPool', name: 'pool', inputs: ['image'] },
      { op: 'flatten', name: 'flat', inputs: ['pool'] },
      linear('first', 'flat', 'w1'),
      linear('wide', 'first', 'w2'),
      linear('logits', 'wide', 'w3'),
    ],
    outputs: { logits: 'logits' },
    weights: {
      w1: tensor([width, 3], new Float32Array(3 * width).fill(1)),
      w2: tensor([width, width], new Float32Array(width * width).fill(1 / width)),
      w3: tensor([2, width], new Float32Array(2 * width).fill(1)),
    },
  },
})
const picture = { width: 8, height: 8, channels: 3, data: new Uint8Array(192) }
await Promise.all(Array.from({ length: 30 }, () => pool.classify(picture)))
console.log(process.memoryUsage.rss() / 2 ** 20)
await pool.dispose()
