import { parentPort, workerData } from 'node:worker_threads'
import { isMobileOneError, MobileOneError } from '@mobileone/core'
import { createNetwork } from '../gradients/loss-gradients.ts'
import type { Part, PartReply, WorkerStart } from './gradient-messages.ts'
import { startTfjs } from './start-tfjs.ts'

const port = parentPort
if (!port) throw new MobileOneError('unavailable', 'the gradient worker runs in a worker thread')
const start = workerData as WorkerStart
const reply = (message: PartReply): void => port.postMessage(message)
const fail = (error: unknown): void =>
  reply({
    error: {
      code: isMobileOneError(error) ? error.code : 'unavailable',
      message: error instanceof Error ? error.message : String(error),
    },
  })

try {
  const network = createNetwork(await startTfjs(start.tfjs), start.model)
  port.on('message', (part: Part) => {
    network
      .gradients(start.parameters, part, part.labelSmoothing)
      .then(({ loss, correct, gradients, statistics }) => {
        start.gradients.set(gradients)
        start.statistics.set(statistics)
        reply({ loss, correct })
      })
      .catch(fail)
  })
  reply({ ready: true })
} catch (error) {
  fail(error)
}
