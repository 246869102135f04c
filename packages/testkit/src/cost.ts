import { readFileSync, writeFileSync } from 'node:fs'

/** What a call took of this process: processor time of all its threads, and how far its memory rose above what it was. */
export interface Cost {
  readonly cpuMs: number
  readonly bytes: number
}

const tries = 3

/**
 * The cost of a synchronous call. Memory is the peak of the resident set with garbage, which is collected when the engine likes: a call
 * that takes more than `enough` is made up to three times, and the least counts.
 */
export function measureCost(run: () => void, enough: Cost = { cpuMs: Infinity, bytes: Infinity }): Cost {
  let least = costOf(run)
  for (let made = 1; made < tries && !(least.cpuMs < enough.cpuMs && least.bytes < enough.bytes); made++) {
    const again = costOf(run)
    least = { cpuMs: Math.min(least.cpuMs, again.cpuMs), bytes: Math.min(least.bytes, again.bytes) }
  }
  return least
}

function costOf(run: () => void): Cost {
  ;(globalThis as { gc?: () => void }).gc?.()
  const before = resetPeak()
  const start = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(start)
  return { cpuMs: (user + system) / 1000, bytes: Math.max(0, peak() - before) }
}

/** The resident set now, from which the peak is counted anew where Linux can; elsewhere the peak of the process so far. */
function resetPeak(): number {
  try {
    writeFileSync('/proc/self/clear_refs', '5')
    return process.memoryUsage.rss()
  } catch {
    return peak()
  }
}

function peak(): number {
  try {
    const found = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))
    if (found) return Number(found[1]) * 1024
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024
}
