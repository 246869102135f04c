/** Makes networks, their files and what the reference makes of them, off the page's thread. */

import { wasm } from '@mobileone/backend-wasm'
import { toSafetensors } from '@mobileone/checkpoint'
import { floatWeights, hasInt8Weights, hasIntegerLayers, type Model, profile } from '@mobileone/core'
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
import { int8Form } from '../../int8-form.ts'
import { makeNetwork } from '../networks/make-network.ts'
import { networkIdText } from '../networks/network-id.ts'
import type { NetworkForm, NetworkRequest, PreparedNetwork } from './prepared-network.ts'

const writers: Readonly<Record<ModelFormat, (model: Model) => Uint8Array>> = {
  model: toSafetensors,
  safetensors: toSafetensors,
  onnx: toOnnx,
  tflite: toTflite,
}

/** The naive reference takes seconds for so many multiply-adds; for more, and for integers, a backend answers that agrees with it at a smaller input. */
const referenceMacs = 1e9

let current: Readonly<Partial<Record<NetworkForm, Model>>> = {}
/** What the reference made of a network takes long and stays right. */
const known = new Map<string, PreparedNetwork>()
/** The int8 form that was made last, which takes seconds too. */
let lastInt8: { readonly key: string; readonly model: Model } | undefined

const methods = {
  /** Read a network without keeping it. */
  async check({ network, size, batch, file }: NetworkRequest): Promise<SubjectFacts> {
    return subjectFacts(await makeNetwork(network, { size, batch, file }))
  },
  /** Make a network the current one. One that is in int8 already is its own int8 form. */
  async prepare({ network, size, batch, file, int8 = false }: NetworkRequest): Promise<PreparedNetwork> {
    const given = await makeNetwork(network, { size, batch, file })
    const variant = networkIdText({ network, size, batch })
    const key = file ? `${variant} ${file.name} ${file.size} ${file.lastModified}` : variant
    const isInt8 = hasInt8Weights(given)
    const float = int8 && isInt8 ? { ...given, weights: floatWeights(given) } : given
    current = { float32: float }
    const prepared = await preparedOnce(`${key}${float === given ? '' : ' in float32'}`, variant, float)
    if (!int8) return prepared
    if (!isInt8 && lastInt8?.key !== key) lastInt8 = { key, model: await int8Form(float) }
    const model = isInt8 ? given : (lastInt8 as { readonly model: Model }).model
    current = { float32: float, int8: model }
    return { ...prepared, int8: await preparedOnce(`${key} in int8`, `${variant}-int8`, model) }
  },
  /** The current network as a file. */
  file(format: ModelFormat, form: NetworkForm): Blob {
    const model = current[form]
    if (!model) throw new Error('prepare a network first')
    return new Blob([writers[format](model) as Uint8Array<ArrayBuffer>])
  },
}

async function preparedOnce(key: string, variant: string, model: Model): Promise<PreparedNetwork> {
  const found = known.get(key)
  if (found) return found
  const isLong = hasIntegerLayers(model) || profile(model).macs > referenceMacs
  const subject = isLong
    ? await prepareSubjectBy((precision) => wasm({ precision }), variant, model)
    : await prepareSubject(variant, model)
  const { input, expected, expectedInFloat32, macs, weightBytes } = subject
  const prepared: PreparedNetwork = {
    variant,
    inputShape: input.shape,
    input: new Blob([input.data as Float32Array<ArrayBuffer>]),
    expected,
    ...(expectedInFloat32 && { expectedInFloat32 }),
    macs,
    weightBytes,
    graph: { ...model, weights: {} },
  }
  known.set(key, prepared)
  return prepared
}

export type NetworkMaker = typeof methods

expose(methods)
