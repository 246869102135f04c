/** The module of a worker that decodes and augments batches of pictures: the build's `data-worker`. */
import { isMobileOneError } from '@mobileone/core'
import { decode } from '@mobileone/vision'
import { loadBatch } from './load-batch.ts'
import type { PictureBatch, Reply } from './worker-messages.ts'

interface Port {
  postMessage(message: Reply, transfer: ArrayBuffer[]): void
  onmessage: ((event: { readonly data: PictureBatch }) => void) | null
}

const port: Port = (typeof process === 'object' && process.getBuiltinModule
  ? process.getBuiltinModule('node:worker_threads').parentPort
  : globalThis) as unknown as Port

port.onmessage = async ({ data: batch }) => {
  const load = (place: number): ReturnType<typeof decode> => {
    const { source, ...decoding } = batch.pictures[place]!
    return decode(source, decoding)
  }
  try {
    const images = await loadBatch({ ...batch, load }, undefined)
    port.postMessage({ images }, [images.buffer as ArrayBuffer])
  } catch (error) {
    const code = isMobileOneError(error) ? error.code : 'invalid-input'
    port.postMessage({ error: { code, message: error instanceof Error ? error.message : String(error) } }, [])
  }
}
