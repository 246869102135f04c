import { library } from '../../tooling/tsdown.base.ts'

export default library(
  {
    index: 'src/index.ts',
    'protobuf-wire': 'src/protobuf-wire.ts',
    half: 'src/half.ts',
    'network-builder': 'src/network-builder.ts',
    framing: 'src/model/framing.ts',
    'embedded-wasm': 'src/embedded-wasm.ts',
  },
  { unbundle: true },
)
