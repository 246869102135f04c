import type { OrtLibrary, OrtSession } from '@mobileone/backend-ort'
import { importLibrary, type LibrarySource, MobileOneError } from '@mobileone/core'
import { type Contender, type ContenderOptions, notLoaded } from '../contender.ts'

/** ONNX Runtime, of whichever package `ort` is, over the bytes of ONNX files. `session` are options of the session. */
export function ortContender(
  ort: Pick<OrtLibrary, 'InferenceSession' | 'Tensor'>,
  { inputShape }: ContenderOptions,
  session: Readonly<Record<string, unknown>>,
): Contender {
  let current: OrtSession | undefined
  return {
    async load(source) {
      if (!(source instanceof Uint8Array)) {
        throw new MobileOneError(
          'invalid-argument',
          'ONNX Runtime takes the bytes of an ONNX file (toOnnx), not a model',
        )
      }
      await current?.release()
      current = await ort.InferenceSession.create(source, { logSeverityLevel: 3, ...session })
    },
    async run(input) {
      if (!current) throw notLoaded()
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

/** The module of ONNX Runtime that the contender `name` runs, of the package `packages`. */
export function importOrt(
  lib: LibrarySource<OrtLibrary>,
  name: string,
  packages: string,
): Promise<OrtLibrary> {
  return importLibrary(lib, {
    backend: name,
    packages,
    example: `() => import('${packages}')`,
    matches: ({ InferenceSession }) => typeof InferenceSession?.create === 'function',
  })
}
