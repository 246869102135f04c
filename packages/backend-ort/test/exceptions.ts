const blended =
  'a pixel on the place of a result is blended with its neighbour, whose NaN or infinity survives a share of 0'
const whole = {
  'NaN and infinity: upsample, bilinear': blended,
  'abort: between the steps of a run':
    'ONNX Runtime runs the whole graph in one call, which nothing can interrupt',
}

const lost = 'the shader makes NaN 0, as WGSL lets it assume that there is none'

/** The cases ONNX Runtime cannot pass, by execution provider. */
export const exceptions: Readonly<Record<'cpu' | 'wasm' | 'webgpu', Readonly<Record<string, string>>>> = {
  cpu: { ...whole, 'NaN and infinity: maxPool': 'the largest of NaN and a number is the number' },
  wasm: whole,
  webgpu: {
    ...whole,
    'batchNorm: generated shapes': 'that of a matrix is computed wrongly in NCHW, so the backend refuses it',
    'NaN and infinity: relu': lost,
    'NaN and infinity: sigmoid': lost,
    'NaN and infinity: relu6': lost,
    'NaN and infinity: hardSigmoid': lost,
    'NaN and infinity: maxPool': lost,
    'NaN and infinity: conv2d with relu': lost,
    'NaN and infinity: softmax': lost,
  },
}
