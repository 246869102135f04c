import { diskFaults } from './disk.ts'
import type { Fault } from './fault.ts'
import { gpuFaults } from './gpu.ts'
import { killedFaults } from './killed.ts'
import { memoryFaults } from './memory.ts'
import { networkFaults } from './network.ts'
import { workerFaults } from './workers.ts'

/** Every fault, in the order in which they are tried. */
export const faults: readonly Fault[] = [
  ...networkFaults,
  ...diskFaults,
  ...killedFaults,
  ...workerFaults,
  ...gpuFaults,
  ...memoryFaults,
]
