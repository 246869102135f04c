import { library } from '../../tooling/tsdown.base.ts'

export default library({ index: 'src/index.ts', lazy: 'src/lazy.ts', architectures: 'src/architectures.ts' })
