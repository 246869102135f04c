import { importLibrary, type LibrarySource, MobileOneError } from '@mobileone/core'
import { type CreateContender, notLoaded } from '../contender.ts'
import { channelsLast } from '../layout.ts'

interface LiteRtTensor {
  data(): Promise<unknown>
  delete(): void
}
interface LiteRtModel {
  run(input: LiteRtTensor): Promise<readonly LiteRtTensor[]>
  delete(): void
}

/** The part of @litertjs/core that is used. */
export interface LiteRtLibrary {
  readonly Tensor: { fromTypedArray(data: Float32Array, shape: number[]): LiteRtTensor }
  loadLiteRt(path: string, options: { readonly threads: boolean }): Promise<unknown>
  loadAndCompile(
    bytes: Uint8Array,
    options: { readonly accelerator: 'wasm'; readonly cpuOptions: { readonly numThreads: number } },
  ): Promise<LiteRtModel>
}

/** `litert-wasm`: LiteRT.js on XNNPACK, over the bytes of .tflite files. Needs a page, and its files under `assets`. */
export function litertWasm(lib: LibrarySource<LiteRtLibrary>): CreateContender {
  return async ({ threads, assets, inputShape }) => {
    const litert = await importLibrary(lib, {
      backend: 'litert-wasm',
      packages: '@litertjs/core',
      example: "() => import('@litertjs/core')",
      matches: ({ loadLiteRt }) => typeof loadLiteRt === 'function',
    })
    await litert.loadLiteRt(`${assets}@litertjs/core/wasm/`, { threads: threads > 1 })
    const shape = channelsLast(inputShape)
    let model: LiteRtModel | undefined
    return {
      async load(source) {
        if (!(source instanceof Uint8Array)) {
          throw new MobileOneError(
            'invalid-argument',
            'LiteRT takes the bytes of a .tflite file (toTflite), not a model',
          )
        }
        model?.delete()
        const cpuOptions = { numThreads: threads }
        model = await litert.loadAndCompile(source, { accelerator: 'wasm', cpuOptions })
      },
      async run(input) {
        if (!model) throw notLoaded()
        const given = litert.Tensor.fromTypedArray(input, shape)
        const [result] = await model.run(given)
        const logits = Float32Array.from((await result?.data()) as Float32Array)
        given.delete()
        result?.delete()
        return logits
      },
      async dispose() {
        model?.delete()
        model = undefined
      },
    }
  }
}
