/** Makes networks, their files and what the reference makes of them, off the page's thread. */

import { wasm } from '@mobileone/backend-wasm'
import { toSafetensors } from '@mobileone/checkpoint'
import { type Model, profile } from '@mobileone/core'
import {
  type ModelFormat,
  prepareSubject,
  prepareSubjectBy,
  type SubjectFacts,
  subjectFacts,
} from '@mobileone/measure'
import { toOnnx } from '@mobileone/onnx'
import { toTflite } from '@mobileone/tflite'
import { expose } from 'comlink'
import '@mobileone/site-kit/comlink-errors'
import { makeNetwork } from '../networks/make-network.ts'
import { networkIdText } from '../networks/network-id.ts'
import type { NetworkRequest, PreparedNetwork } from './prepared-network.ts'

const writers: Readonly<Record<ModelFormat, (model: Model) => Uint8Array>> = {
  model: toSafetensors,
  safetensors: toSafetensors,
  onnx: toOnnx,
  tflite: toTflite,
}

/** The naive reference takes seconds for so many multiply-adds; for more, a backend answers that agrees with it at a smaller input. */
const referenceMacs = 1e9

let current: Model | undefined
/** What the reference made of a network takes long and stays right. */
const known = new Map<string, PreparedNetwork>()

const methods = {
  /** Read a network without keeping it. */
  async check({ network, size, batch, file }: NetworkRequest): Promise<SubjectFacts> {
    return subjectFacts(await makeNetwork(network, { size, batch, file }))
  },
  /** Make a network the current one. */
  async prepare({ network, size, batch, file }: NetworkRequest): Promise<PreparedNetwork> {
    current = await makeNetwork(network, { size, batch, file })
    const variant = networkIdText({ network, size, batch })
    const key = file ? `${variant} ${file.name} ${file.size} ${file.lastModified}` : variant
    const found = known.get(key)
    if (found) return found
    const isLarge = profile(current).macs > referenceMacs
    const { input, expected, macs, weightBytes } = isLarge
      ? await prepareSubjectBy(wasm(), variant, current)
      : await prepareSubject(variant, current)
    const prepared: PreparedNetwork = {
      variant,
      inputShape: input.shape,
      input: new Blob([input.data as Float32Array<ArrayBuffer>]),
      expected,
      macs,
      weightBytes,
      graph: { ...current, weights: {} },
    }
    known.set(key, prepared)
    return prepared
  },
  /** The current network as a file. */
  file(format: ModelFormat): Blob {
    if (!current) throw new Error('prepare a network first')
    return new Blob([writers[format](current) as Uint8Array<ArrayBuffer>])
  },
}

export type NetworkMaker = typeof methods

expose(methods)
