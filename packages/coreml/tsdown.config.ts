import { library } from '../../tooling/tsdown.base.ts'

export default library(
  { index: 'src/index.ts', mlmodel: 'src/mlmodel.ts', node: 'src/node.ts', apple: 'src/apple/index.ts' },
  { external: [/^node:/] },
)
