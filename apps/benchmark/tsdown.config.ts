import { library } from '../../tooling/tsdown.base.ts'

const contenders = ['mobileone-wasm', 'mobileone-wasm-int8', 'ort-wasm', 'ort-node', 'tfjs-wasm']

export default library(
  {
    main: 'src/main.ts',
    camera: 'src/camera/main.ts',
    start: 'src/start/main.ts',
    compare: 'src/compare.ts',
    downloads: 'src/downloads/main.ts',
    ...Object.fromEntries(contenders.map((name) => [`contenders/${name}`, `src/contenders/${name}.ts`])),
  },
  {
    platform: 'node',
    dts: false,
    deps: {
      alwaysBundle: ['@mobileone/testkit', '@mobileone/site-kit'],
      neverBundle: [/^(?!@mobileone\/(testkit|site-kit))[@a-z]/],
    },
  },
)
