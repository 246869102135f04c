import type { ConformanceCase } from './conformance.ts'

/** What became of a case: passed, skipped or failed. Plain data, so that a page can hand it to a test runner. */
export interface CaseResult {
  readonly name: string
  readonly skip?: string
  readonly error?: string
}

/**
 * Run `cases` one after another where there is no test runner, as in a page or a worker. A case that has not settled after
 * `timeout` milliseconds (default 60,000) has failed.
 */
export async function runCases(
  cases: readonly ConformanceCase[],
  { timeout = 60_000 }: { readonly timeout?: number } = {},
): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = []
  for (const { name, skip, run } of cases) {
    if (skip !== undefined) results.push({ name, skip })
    else {
      const error = await failure(run, timeout)
      results.push(error === undefined ? { name } : { name, error })
    }
  }
  return results
}

async function failure(run: () => Promise<void>, timeout: number): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not settle within ${timeout} ms`)), timeout)
  })
  try {
    await Promise.race([run(), deadline])
    return undefined
  } catch (error) {
    return String(error instanceof Error ? (error.stack ?? error.message) : error)
  } finally {
    clearTimeout(timer)
  }
}
