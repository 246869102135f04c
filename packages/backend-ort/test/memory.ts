import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { MemoryHook } from '@mobileone/conformance'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Resident bytes after garbage was collected. A session that is not released keeps more than 100 kB. */
export const memory: MemoryHook = {
  async measure() {
    for (let round = 0; round < 4; round++) {
      collect()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return process.memoryUsage().rss
  },
  cycles: 200,
  allowance: 16_000_000,
}
