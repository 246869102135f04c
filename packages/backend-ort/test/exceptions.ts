const missing = 'not written yet'
const unwritten = {
  relu6: missing,
  hardSigmoid: missing,
  hardSwish: missing,
  maxPool: missing,
  upsample: missing,
  concat: missing,
  slice: missing,
}

const whole = {
  ...unwritten,
  'abort: between the steps of a run':
    'ONNX Runtime runs the whole graph in one call, which nothing can interrupt',
}

const lost = 'the shader makes NaN 0, as WGSL lets it assume that there is none'

/** The cases ONNX Runtime cannot pass, by execution provider. */
export const exceptions: Readonly<Record<'cpu' | 'wasm' | 'webgpu', Readonly<Record<string, string>>>> = {
  cpu: whole,
  wasm: whole,
  webgpu: {
    ...whole,
    'batchNorm: generated shapes': 'that of a matrix is computed wrongly in NCHW, so the backend refuses it',
    'NaN and infinity: relu': lost,
    'NaN and infinity: sigmoid': lost,
    'NaN and infinity: conv2d with relu': lost,
    'NaN and infinity: softmax': lost,
  },
}
