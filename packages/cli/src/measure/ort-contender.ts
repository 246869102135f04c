import type { Contender, ContenderOptions, ModelSource } from './contender.ts'

/** The part of onnxruntime-common this needs; every package of ONNX Runtime has it. */
export interface OrtLibrary {
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OrtTensor
  readonly InferenceSession: {
    create(bytes: Uint8Array, options?: Record<string, unknown>): Promise<OrtSession>
  }
}
interface OrtTensor {
  readonly data: unknown
}
interface OrtSession {
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>
  release(): Promise<void>
}

/** ONNX Runtime, of whichever package `ort` is, over ONNX bytes. `session` are options of the session. */
export function ortContender(
  ort: OrtLibrary,
  { inputShape }: ContenderOptions,
  session: Record<string, unknown>,
): Contender {
  let current: OrtSession | undefined
  return {
    async load(source: ModelSource) {
      if (!(source instanceof Uint8Array)) throw new Error('ONNX Runtime takes the bytes of an ONNX file')
      await current?.release()
      current = await ort.InferenceSession.create(source, { logSeverityLevel: 3, ...session })
    },
    async run(input) {
      if (!current) throw new Error('load a model first')
      const [inputName = ''] = current.inputNames
      const [outputName = ''] = current.outputNames
      const results = await current.run({ [inputName]: new ort.Tensor('float32', input, inputShape) })
      return results[outputName]?.data as Float32Array
    },
    async dispose() {
      await current?.release()
      current = undefined
    },
  }
}
