import type { Backend, CompileOptions, Executor, Precision } from './backend.ts'
import { isMobileOneError, MobileOneError } from './errors.ts'
import type { Model } from './model/model.ts'
import type { Golden } from './verify.ts'

/** Why a backend was passed over. */
export interface Refusal {
  readonly backend: string
  readonly reason: string
}

/** A backend, or a function that makes one when its turn comes, so that a backend nobody needs is not even loaded. */
export type BackendSource = Backend | (() => Backend | Promise<Backend>)

/** What `compileFirst` asks of a backend before it takes it. */
export interface CompileFirstOptions extends CompileOptions {
  readonly onRefusal?: (refusal: Refusal) => void
  /**
   * Check what was compiled, with a random input against the reference or with stored outputs. A backend that computes
   * wrongly on this machine is refused like one that cannot run.
   */
  readonly verify?: boolean | Golden
  /** Refuse backends that compute in another precision. Default: any, as the caller made them. */
  readonly precision?: Precision
}

/**
 * Compile `model` on the first of `backends`, in the caller's order, that runs on this machine and has every kernel.
 * A backend is skipped only when it cannot be made, it computes in another precision than was asked for, its probe fails, nodes are
 * unsupported, it does not pass `verify`, or `compile` refuses with code `unavailable`, `unsupported` or `device-lost`; bad models,
 * aborts and any other error surface.
 * @throws MobileOneError `unavailable` listing why each backend was refused; `wrong-result` where all of them compute wrongly.
 */
export async function compileFirst(
  model: Model,
  backends: readonly BackendSource[],
  options: CompileFirstOptions = {},
): Promise<Executor> {
  const refusals: (Refusal & { readonly cause?: unknown })[] = []
  for (const [index, source] of backends.entries()) {
    const outcome = await tryBackend(model, source, index, options)
    if ('executor' in outcome) return outcome.executor
    refusals.push(outcome)
    options.onRefusal?.({ backend: outcome.backend, reason: outcome.reason })
  }
  const list = refusals.map(({ backend, reason }) => `  ${backend}: ${reason}`).join('\n')
  const causes = refusals.flatMap(({ cause }) => cause ?? [])
  throw new MobileOneError(
    refusals.length > 0 && refusals.every(({ cause }) => isWrongResult(cause))
      ? 'wrong-result'
      : 'unavailable',
    backends.length === 0
      ? 'compileFirst was given no backend'
      : `no backend can run model "${model.name}" on this machine:\n${list}`,
    causes.length > 0 ? { cause: causes[0] } : {},
  )
}

type Outcome = { readonly executor: Executor } | (Refusal & { readonly cause?: unknown })

async function tryBackend(
  model: Model,
  source: BackendSource,
  index: number,
  { verify = false, precision, ...options }: CompileFirstOptions,
): Promise<Outcome> {
  let backend: Backend
  try {
    backend = typeof source === 'function' ? await source() : source
  } catch (cause) {
    const name = (source as { name?: string }).name || `backend ${index + 1}`
    return { backend: name, reason: `cannot be loaded: ${(cause as Error)?.message ?? cause}`, cause }
  }
  const reason = await refusalOf(backend, model, precision)
  if (reason !== undefined) return { backend: backend.name, reason }
  try {
    return {
      executor:
        verify === false
          ? await backend.compile(model, options)
          : await (await import('./verify.ts')).compileVerified(backend, model, verify, options),
    }
  } catch (cause) {
    if (!isRefusal(cause)) throw cause
    return { backend: backend.name, reason: withoutName(cause.message, backend.name), cause }
  }
}

const refusalCodes: readonly string[] = ['unavailable', 'unsupported', 'device-lost', 'wrong-result']

function isRefusal(error: unknown): error is MobileOneError {
  return isMobileOneError(error) && refusalCodes.includes(error.code)
}

function isWrongResult(error: unknown): error is MobileOneError {
  return isMobileOneError(error) && error.code === 'wrong-result'
}

/** The list names the backend already. */
function withoutName(message: string, name: string): string {
  return message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message
}

async function refusalOf(
  backend: Backend,
  model: Model,
  wanted: Precision | undefined,
): Promise<string | undefined> {
  const { precision = 'float32' } = backend
  if (wanted !== undefined && wanted !== precision) {
    return `computes in ${precision}, not in ${wanted}, which was asked for`
  }
  const probe = await backend.probe()
  if (!probe.ok) return probe.reason
  const unsupported = backend.unsupported(model)
  if (unsupported.length === 0) return undefined
  return `no kernel for ${unsupported.map((node) => `"${node.name}" (${node.op})`).join(', ')}`
}
