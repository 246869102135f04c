import type { Report, Result } from './result.ts'

/** Results by variant and runtime, fastest first within a number of threads. */
export function groupsOf({ results, protocol }: Report): {
  readonly variant: string
  readonly runtime: string
  readonly results: readonly Result[]
}[] {
  const groups = new Map<string, { variant: string; runtime: string; results: Result[] }>()
  for (const result of results) {
    const key = `${result.variant} ${result.runtime}`
    const group = groups.get(key) ?? { variant: result.variant, runtime: result.runtime, results: [] }
    group.results.push(result)
    groups.set(key, group)
  }
  const speed = (result: Result): number => result[protocol.headline] ?? result.startMs
  for (const group of groups.values()) {
    group.results.sort((a, b) => a.threads - b.threads || speed(a) - speed(b))
  }
  return [...groups.values()]
}
