import { type WasmOptions, wasm } from '@mobileone/backend-wasm'
import { type Backend, type BackendSource, MobileOneError, type Precision } from '@mobileone/core'
import { type BackendName, backendSources } from '../backend-names.ts'

/** Backends by name, each a function of the options that the owner sent with the name. */
export type BackendFactories = Readonly<
  Record<string, (options: Readonly<Record<string, unknown>>) => Backend | Promise<Backend>>
>

/** A backend as data: its name, alone or with its options beside it, as in `{ name: 'wasm', threads: 2 }`. */
export type BackendChoice =
  | BackendName
  | 'ort'
  | (string & {})
  | ({ readonly name: 'wasm' } & Omit<WasmOptions, 'wasm'>)
  | { readonly name: string; readonly [option: string]: unknown }

/** A backend as data, or several to try in order. */
export type BackendRequest = BackendChoice | readonly BackendChoice[]

/**
 * What `compileFirst` tries, in order; backends of `more` go before those of the same name here, also where `auto` comes to them.
 * @throws MobileOneError `invalid-argument` for a name that is none.
 */
export function namedBackends(
  choice: unknown,
  precision: Precision | undefined,
  more: BackendFactories,
): BackendSource[] {
  const given: readonly unknown[] = Array.isArray(choice) ? choice : [choice ?? 'wasm']
  const auto = Object.hasOwn(more, 'wasm') ? ['webgpu', { name: 'wasm', threads: 'auto' }] : 'auto'
  const choices = given.flatMap((each) => (each === 'auto' ? auto : each))
  return choices.flatMap((each) => {
    if (typeof each === 'function' || typeof (each as Backend | null)?.compile === 'function') {
      return each as BackendSource
    }
    const { name, ...options } = (typeof each === 'string' ? { name: each } : (each ?? {})) as {
      name?: string
    }
    if (name === undefined) return backendSources(each as BackendName)
    const hasOptions = Object.keys(options).length > 0
    const factory = Object.hasOwn(more, name) ? more[name] : hasOptions ? withOptions[name] : undefined
    // The refusal of a backend that cannot be made names it by the name of the function.
    if (factory) return { [name]: () => factory(options) }[name] as BackendSource
    if (!hasOptions) return backendSources(name as BackendName, precision)
    throw new MobileOneError(
      'invalid-argument',
      `backend: ${JSON.stringify(each)} names none that takes options; these are 'wasm', 'webgpu' and what serveClassifier({ backends }) of the worker adds`,
    )
  })
}

const withOptions: BackendFactories = {
  wasm: (options) => wasm(options),
  webgpu: async (options) => (await import('@mobileone/backend-webgpu')).webgpu(options),
}
