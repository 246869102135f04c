import { library } from '../../tooling/tsdown.base.ts'

export default library(
  {
    index: 'src/index.ts',
    node: 'src/node/index.ts',
    'data-worker': 'src/data/worker.ts',
    'gradient-worker': 'src/node/gradient-worker.ts',
  },
  {
    deps: { neverBundle: [/^node:/] },
    plugins: [
      {
        // Bundlers find a worker by a literal address, and the built one has another than its source.
        name: 'worker-address',
        transform: (code, id) =>
          id.endsWith('start-worker.ts') ? code.replace("'./worker.ts'", "'./data-worker.mjs'") : undefined,
      },
    ],
  },
)
