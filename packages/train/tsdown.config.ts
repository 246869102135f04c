import { library } from '../../tooling/tsdown.base.ts'

export default library({
  index: 'src/index.ts',
  node: 'src/node/index.ts',
  'wasm-gradients': 'src/wasm-gradients/index.ts',
})
