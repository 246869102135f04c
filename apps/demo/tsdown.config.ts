import { library } from '../../tooling/tsdown.base.ts'

export default library({ main: 'src/main.ts' }, { platform: 'node', dts: false })
