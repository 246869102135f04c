import { library } from '../../tooling/tsdown.base.ts'

export default library({
  index: 'src/index.ts',
  wire: 'src/wire.ts',
  half: 'src/half.ts',
  kernels: 'src/kernels.ts',
})
