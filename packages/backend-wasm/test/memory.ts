import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { MemoryHook } from '@mobileone/conformance'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes of JavaScript heap and array buffers after garbage was collected; one arena of the small network is 1 MB. */
export const memory: MemoryHook = {
  async measure() {
    for (let round = 0; round < 4; round++) {
      collect()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  },
  allowance: 4_000_000,
}
