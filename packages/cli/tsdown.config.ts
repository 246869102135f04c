import { library } from '../../tooling/tsdown.base.ts'

export default library(
  {
    main: 'src/main.ts',
    'contenders/backend': 'src/contenders/backend.ts',
    'contenders/ort-node': 'src/contenders/ort-node.ts',
    'contenders/ort-wasm': 'src/contenders/ort-wasm.ts',
  },
  { platform: 'node' },
)
