import { library } from '../../tooling/tsdown.base.ts'

export default library({ main: 'src/main.ts', serve: 'src/serve.ts' }, { platform: 'node', dts: false })
