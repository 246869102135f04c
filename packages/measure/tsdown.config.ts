import { library } from '../../tooling/tsdown.base.ts'

export default library(
  {
    index: 'src/index.ts',
    node: 'src/node/index.ts',
    studies: 'src/studies/index.ts',
    'contender-process': 'src/node/contender-process.ts',
  },
  { platform: 'node' },
)
