import type { Backend } from '@mobileone/core'
import { describe, it } from 'vitest'
import { type ConformanceOptions, conformance } from './conformance.ts'

/** What `describeBackend` takes beside the options of the suite. */
export interface DescribeBackendOptions extends ConformanceOptions {
  /** Milliseconds a case may take. Default: the runner's. */
  readonly timeout?: number
  /** Only the cases with such a name, where the others cost too much. */
  readonly only?: RegExp
}

/**
 * The conformance suite of the backend that `create` makes, as a Vitest suite called `name`. Exceptions show as skipped, with their
 * reasons.
 */
export function describeBackend(
  name: string,
  create: () => Backend | Promise<Backend>,
  { timeout, only, ...options }: DescribeBackendOptions = {},
): void {
  describe(name, () => {
    for (const { name, skip, run } of conformance(create, options)) {
      if (only && !only.test(name)) continue
      it(
        name,
        (context) => {
          if (skip !== undefined) context.skip(skip)
          return run()
        },
        timeout,
      )
    }
  })
}
