/**
 * The suite every backend is held to. It is not responsible for running itself: a case is a name and an async function
 * that throws, for whatever test runner or page there is. It asks for nothing beyond the contract in `@mobileone/core`.
 */
import { type Backend, MobileOneError, opNames } from '@mobileone/core'
import { casesByOp, coverageCase } from './cases/by-op.ts'
import { callCases } from './cases/calls.ts'
import { integerCases } from './cases/integers.ts'
import { lifetimeCases, type MemoryHook } from './cases/lifetime.ts'
import { type Golden, networkCases } from './cases/networks.ts'
import { combinationCases } from './cases/ops.ts'
import { storageCases } from './cases/storage.ts'
import type { Definition } from './definition.ts'
import { checkTrial } from './trial.ts'

/** One test of a backend, for any test runner. */
export interface ConformanceCase {
  readonly name: string
  /** Why the case should not be run. */
  readonly skip?: string
  /** Throws with every parameter and the seed where the backend does not conform. */
  run(): Promise<void>
}

/** What the suite leaves out, and what it is run with. */
export interface ConformanceOptions {
  /** Why a case (by name) or every case that needs an op (by op) is skipped. */
  readonly exceptions?: Readonly<Record<string, string>>
  /**
   * Largest allowed difference from the reference, over the largest magnitude of the expected output or over 1 where that
   * is less. Default 2e-5: float32 sums in any order.
   */
  readonly tolerance?: number
  /** At most this many shapes for each kind of op, where compiling is slow. Default: all (12 for a convolution). */
  readonly trials?: number
  /** Real models with stored outputs. */
  readonly golden?: readonly Golden[]
  /** Without it the memory case is skipped. */
  readonly memory?: MemoryHook
}

/**
 * The cases for the backend that `create` makes; each case makes its own.
 * @throws MobileOneError `invalid-argument` for an exception that is no case and no op, or has no reason.
 */
export function conformance(
  create: () => Backend | Promise<Backend>,
  options: ConformanceOptions = {},
): readonly ConformanceCase[] {
  const { exceptions = {}, tolerance = 2e-5, golden = [], memory, trials: limit } = options
  const compared = [
    ...Object.values(casesByOp).flat(),
    ...combinationCases,
    ...storageCases,
    ...integerCases,
    ...networkCases(golden),
  ]
  const trialModels = (): ReturnType<Parameters<typeof lifetimeCases>[1]> =>
    compared.map(
      ({ trials }) =>
        trials?.()
          .slice(0, limit)
          .map(({ model }) => model) ?? [],
    )
  const definitions = [
    ...compared,
    ...callCases,
    ...lifetimeCases(memory, trialModels),
    coverageCase(opNames, casesByOp),
  ]
  checkExceptions(definitions, exceptions)
  return definitions.map((definition) => {
    const skip = skipReason(definition, exceptions)
    return {
      name: definition.name,
      ...(skip !== undefined && { skip }),
      async run() {
        const context = { backend: await create(), tolerance }
        if (!definition.trials) return definition.run(context)
        for (const trial of definition.trials().slice(0, limit)) await checkTrial(context, trial)
      },
    }
  })
}

function skipReason(
  { name, ops, skip }: Definition,
  exceptions: Readonly<Record<string, string>>,
): string | undefined {
  for (const key of [name, ...ops]) if (Object.hasOwn(exceptions, key)) return exceptions[key]
  return skip
}

function checkExceptions(
  definitions: readonly Definition[],
  exceptions: Readonly<Record<string, string>>,
): void {
  const known = new Set(definitions.flatMap(({ name, ops }) => [name, ...ops]))
  for (const [key, reason] of Object.entries(exceptions)) {
    if (!known.has(key)) {
      throw new MobileOneError(
        'invalid-argument',
        `the exception "${key}" names neither a case nor an op; the cases are:\n${definitions.map(({ name }) => `  ${name}`).join('\n')}`,
      )
    }
    if (reason.trim() === '') {
      throw new MobileOneError('invalid-argument', `the exception "${key}" has no reason`)
    }
  }
}
