/** A thread with an executor of a packed model: runs the inputs it is sent, and again and again until it ends where it is told `forever`. */
import { parentPort, workerData } from 'node:worker_threads'
import { openPacked } from '../dist/index.mjs'

const executor = await openPacked(workerData.packed, workerData.instance)
parentPort.postMessage('ready')
parentPort.on('message', async ({ inputs, forever }) => {
  do {
    const { logits } = await executor.run(inputs)
    parentPort.postMessage(logits.data)
  } while (forever)
})
