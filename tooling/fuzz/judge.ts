import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMobileOneError } from '../../packages/core/src/index.ts'
import type { FuzzedParser } from './parser.ts'

/** What one input may take. */
export const budget = {
  cpuMs: 2000,
  /** Bytes for each byte of the file, and beside. */
  memoryFactor: 10,
  memoryBytes: 50e6,
} as const

/** What reading one input came to. */
export interface Verdict {
  /** `read`, the code of the error, or `fault`. */
  readonly outcome: string
  readonly cpuMs: number
  /** Bytes allocated and not collected while it was read. */
  readonly memory: number
  /** Why it is a fault. */
  readonly fault?: string
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Read `bytes` with `parser` and hold it to the budget. What looks too large or too slow is read once more, alone. */
export async function judge(parser: FuzzedParser, bytes: Uint8Array): Promise<Verdict> {
  const first = await measure(parser, bytes)
  if (first.fault !== undefined) return first
  const isOver = (verdict: Verdict): string | undefined => {
    if (verdict.cpuMs > budget.cpuMs) return `${Math.round(verdict.cpuMs)} ms of CPU`
    const most = budget.memoryFactor * bytes.length + budget.memoryBytes
    return verdict.memory > most
      ? `${Math.round(verdict.memory / 1e6)} MB for a file of ${bytes.length} bytes`
      : undefined
  }
  if (isOver(first) === undefined) return first
  collect()
  const second = await measure(parser, bytes)
  const fault = second.fault ?? isOver(second)
  return fault === undefined ? second : { ...second, outcome: 'fault', fault }
}

async function measure(parser: FuzzedParser, bytes: Uint8Array): Promise<Verdict> {
  const cpu = process.cpuUsage()
  const before = heap()
  let outcome = 'read'
  let fault: string | undefined
  let kept: unknown
  try {
    kept = await parser.read(bytes)
  } catch (error) {
    outcome = isMobileOneError(error) ? error.code : 'fault'
    if (outcome === 'fault')
      fault = (error as Error).stack?.split('\n').slice(0, 3).join(' | ') ?? String(error)
  }
  const memory = heap() - before
  const { user, system } = process.cpuUsage(cpu)
  void kept
  return { outcome, cpuMs: (user + system) / 1000, memory, ...(fault !== undefined && { fault }) }
}

function heap(): number {
  const { used_heap_size: used, external_memory: external } = getHeapStatistics()
  return used + external
}
