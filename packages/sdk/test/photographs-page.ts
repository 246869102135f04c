import { wasm } from '@mobileone/backend-wasm'
import { webgpu } from '@mobileone/backend-webgpu'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import { exposeLogits } from '@mobileone/testkit/logits-page'

exposeLogits((bytes) => modelFromCheckpoint(readCheckpoint(bytes)), {
  'wasm, plain SIMD': () => wasm({ simd: 'plain' }),
  'wasm, relaxed SIMD where there is': () => wasm(),
  'wasm, 2 threads': () => wasm({ threads: 2 }),
  webgpu: () => webgpu(),
})
