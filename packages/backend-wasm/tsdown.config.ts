import { library } from '../../tooling/tsdown.base.ts'

/** `#kernels` stays as it is: the reader's bundler or runtime chooses by the conditions in package.json. */
export default library(
  {
    index: 'src/index.ts',
    worker: 'src/worker.ts',
    wide: 'src/wide.ts',
    'embedded-kernels': 'src/embedded-kernels.ts',
    'workerd-kernels': 'src/workerd-kernels.ts',
  },
  {
    deps: { neverBundle: ['#kernels', /\.wasm$/] },
    copy: ['relaxed', 'wide', 'plain'].map((name) => `src/generated/${name}.wasm`),
  },
)
