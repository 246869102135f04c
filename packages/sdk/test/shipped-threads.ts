import { afterAll, beforeAll } from 'vitest'

/** For test files whose threads run shipped files: the conditions of the tests, which choose the sources, are not for those. */
export function useShippedThreads(): void {
  let conditions: string[] = []
  beforeAll(() => void (conditions = process.execArgv.splice(0)))
  afterAll(() => void process.execArgv.push(...conditions))
}
