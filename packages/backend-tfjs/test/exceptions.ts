import type { TfjsBackendName } from '../src/index.ts'

const noKernel = 'TensorFlow.js has no convolution with both stride and dilation'
const infinite = 'the shader of relu makes minus infinity NaN, as it multiplies it by 0'
const queued = 'all steps are handed to the GPU at once, which cannot take them back'
const clamped = 'the kernel of relu6 makes NaN 0'
const everywhere = {
  'NaN and infinity: maxPool': 'the kernels compare, and NaN is not larger than anything',
  'NaN and infinity: upsample, bilinear': 'infinity times a share of 0, or less itself, is NaN',
  'conv2d: dense, dilation and stride': noKernel,
  'conv2d: depthwise, dilation and stride': noKernel,
}

/** What each backend of TensorFlow.js cannot do, and why. */
export const exceptions: Readonly<Record<TfjsBackendName, Readonly<Record<string, string>>>> = {
  cpu: everywhere,
  wasm: {
    ...everywhere,
    'NaN and infinity: relu6': clamped,
    'NaN and infinity: hardSigmoid': clamped,
  },
  webgl: {
    ...everywhere,
    'NaN and infinity: relu': infinite,
    'NaN and infinity: relu6': infinite,
    'NaN and infinity: hardSigmoid': infinite,
    'NaN and infinity: conv2d with relu': infinite,
    'abort: between the steps of a run': queued,
  },
  webgpu: {
    ...everywhere,
    'NaN and infinity: sigmoid': 'the sigmoid shader makes NaN 0',
    'NaN and infinity: relu6': clamped,
    'NaN and infinity: hardSigmoid': clamped,
    'NaN and infinity: softmax': 'the shaders of softmax lose NaN',
    'NaN and infinity: matmul': 'NaN is multiplied by the zeros that fill a tile, and added up',
    'abort: between the steps of a run': queued,
  },
}
