import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { openPacked, packModel } from '@mobileone/backend-wasm'
import { tensor } from '@mobileone/core'

/** The logits of each of `pictures`, one a thread. */
export async function logitsOfEach(model, pictures) {
  const packed = await packModel(model, { instances: pictures.length })
  const workers = pictures.map(
    (data, instance) => new Worker(new URL(import.meta.url), { workerData: { packed, instance, data } }),
  )
  return Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]))
}

if (!isMainThread && workerData.packed) {
  const { packed, instance, data } = workerData
  const executor = await openPacked(packed, instance)
  const { logits } = await executor.run({ image: tensor([1, 3, 224, 224], data) })
  parentPort.postMessage(logits.data)
}
