import { library } from '../../tooling/tsdown.base.ts'

export default [
  library({ index: 'src/index.ts', export: 'src/exporters.ts' }),
  library(
    { mobileone: 'src/index.ts' },
    {
      platform: 'browser',
      outDir: 'dist/browser',
      noExternal: /.*/,
      minify: true,
      dts: false,
      sourcemap: false,
    },
  ),
]
