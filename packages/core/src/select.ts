import type { Backend, CompileOptions, Executor } from './backend.ts'
import { MobileOneError } from './errors.ts'
import type { Model } from './model/model.ts'

/** Why a backend was passed over. */
export interface Refusal {
  readonly backend: string
  readonly reason: string
}

/**
 * Compile `model` on the first of `backends`, in the caller's order, that runs on this machine and has every kernel.
 * A backend is skipped only when its probe fails or nodes are unsupported; an error thrown by `compile` is not hidden.
 * @throws MobileOneError `unavailable` listing why each backend was refused.
 */
export async function compileFirst(
  model: Model,
  backends: readonly Backend[],
  options: CompileOptions & { readonly onRefusal?: (refusal: Refusal) => void } = {},
): Promise<Executor> {
  const refusals: Refusal[] = []
  for (const backend of backends) {
    const reason = await refusalOf(backend, model)
    if (reason === undefined) return backend.compile(model, options)
    const refusal = { backend: backend.name, reason }
    refusals.push(refusal)
    options.onRefusal?.(refusal)
  }
  const list = refusals.map(({ backend, reason }) => `  ${backend}: ${reason}`).join('\n')
  throw new MobileOneError(
    'unavailable',
    backends.length === 0
      ? 'compileFirst was given no backend'
      : `no backend can run model "${model.name}" on this machine:\n${list}`,
  )
}

async function refusalOf(backend: Backend, model: Model): Promise<string | undefined> {
  const probe = await backend.probe()
  if (!probe.ok) return probe.reason
  const unsupported = backend.unsupported(model)
  if (unsupported.length === 0) return undefined
  return `no kernel for ${unsupported.map((node) => `"${node.name}" (${node.op})`).join(', ')}`
}
