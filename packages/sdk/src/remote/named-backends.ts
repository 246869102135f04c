import { type WasmOptions, wasm } from '@mobileone/backend-wasm'
import { type Backend, type BackendSource, MobileOneError } from '@mobileone/core'
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

const own: BackendFactories = {
  wasm: (options) => wasm(options),
}

/**
 * What `compileFirst` tries, in order; backends of `more` go before those of the same name here.
 * @throws MobileOneError `invalid-argument` for a name that is none.
 */
export function namedBackends(choice: unknown, more: BackendFactories): BackendSource[] {
  const choices: readonly unknown[] = Array.isArray(choice) ? choice : [choice ?? 'wasm']
  return choices.flatMap((each) => {
    const { name, ...options } = (typeof each === 'string' ? { name: each } : each) as {
      readonly name?: string
    }
    const factories = { ...own, ...more }
    if (typeof name === 'string' && Object.hasOwn(factories, name)) {
      // The refusal of a backend that cannot be made names it by the name of the function.
      return { [name]: () => (factories[name] as BackendFactories[string])(options) }[name] as BackendSource
    }
    if (typeof each === 'function' || typeof (each as Backend | null)?.compile === 'function') {
      return each as BackendSource
    }
    if (Object.keys(options).length === 0) return backendSources(name as BackendName)
    throw new MobileOneError(
      'invalid-argument',
      `backend: no backend is named ${JSON.stringify(name)}, or it takes no options; a worker knows ${Object.keys(
        factories,
      )
        .map((known) => `'${known}'`)
        .join(', ')}, 'webgpu' and 'auto', and what its serveClassifier({ backends }) adds`,
    )
  })
}
