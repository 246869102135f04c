import { library } from '../../tooling/tsdown.base.ts'

export default library(
  {
    soak: 'src/soak.ts',
    'soak-child': 'src/soak/child.ts',
    faults: 'src/faults.ts',
    'keep-weights': 'src/faults/keep-weights.ts',
    'fatal-thread': 'src/faults/fatal-thread.ts',
    'large-model': 'src/faults/large-model.ts',
  },
  {
    platform: 'node',
    dts: false,
    deps: {
      alwaysBundle: ['@mobileone/testkit'],
      neverBundle: [/^(?!@mobileone\/testkit)[@a-z]/],
    },
  },
)
