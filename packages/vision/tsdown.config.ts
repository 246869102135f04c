import { library } from '../../tooling/tsdown.base.ts'

/** `#decode` stays as it is: the reader's bundler or Node chooses by the conditions in package.json. */
export default library(
  {
    index: 'src/index.ts',
    imagenet: 'src/imagenet.ts',
    'decode-node': 'src/decode-node.ts',
    'decode-browser': 'src/decode-browser.ts',
  },
  { deps: { neverBundle: ['#decode', 'sharp', /^node:/] } },
)
