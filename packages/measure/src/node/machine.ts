import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import type { Machine } from '../result.ts'

/** This machine, with the load averages `before` and now. */
export function describeMachine(before: readonly number[]): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: `${process.platform} ${process.arch}`,
    load: { before, after: loadavg() },
  }
}
