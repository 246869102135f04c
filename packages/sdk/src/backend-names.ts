import { wasm } from '@mobileone/backend-wasm'
import { type Backend, type BackendSource, MobileOneError, type Precision } from '@mobileone/core'

/**
 * A backend by name: `wasm`, `webgpu` (which needs the package `@mobileone/backend-webgpu`), or `auto`: the GPU where one can
 * be used, else wasm on the number of threads that measures fastest. `backend` of the classifier says which one it is.
 */
export type BackendName = 'wasm' | 'webgpu' | 'auto'

/** One backend, or several to try in order. */
export type BackendChoice = BackendName | BackendSource | readonly (BackendName | BackendSource)[]

const names: Readonly<Record<BackendName, (precision: Precision | undefined) => readonly BackendSource[]>> = {
  wasm: () => [wasm()],
  webgpu: (precision) => [webgpuIn(precision)],
  auto: (precision) => [webgpuIn(precision), () => wasm({ threads: 'auto' })],
}

/**
 * What `compileFirst` tries, in order; those that are named compute in `precision` where they can.
 * @throws MobileOneError `invalid-argument` for anything that is no backend and names none.
 */
export function backendSources(choice: BackendChoice, precision?: Precision): BackendSource[] {
  const choices = Array.isArray(choice) ? choice : [choice as BackendName | BackendSource]
  return choices.flatMap((each: unknown) => {
    if (typeof each === 'string' && Object.hasOwn(names, each)) return names[each as BackendName](precision)
    if (typeof each === 'function') return each as () => Backend
    if (typeof (each as Backend | undefined)?.compile === 'function') return each as Backend
    throw new MobileOneError(
      'invalid-argument',
      `backend: ${JSON.stringify(each) ?? String(each)} is none; it is ${Object.keys(names)
        .map((name) => `'${name}'`)
        .join(', ')}, or a backend such as wasm({ threads: 2 }), or a list of them to try in order`,
    )
  })
}

/** The package is an optional peer: a page that never names it need not have it. */
function webgpuIn(precision: Precision | undefined): BackendSource {
  return async function webgpu(): Promise<Backend> {
    try {
      const module = await import('@mobileone/backend-webgpu')
      return module.webgpu(precision === 'float16' ? { precision: 'f16-storage' } : {})
    } catch (cause) {
      throw new MobileOneError(
        'unavailable',
        "backend 'webgpu' needs the package @mobileone/backend-webgpu: npm i @mobileone/backend-webgpu",
        { cause },
      )
    }
  }
}
