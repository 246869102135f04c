/** The cases ONNX Runtime cannot pass. */
export const exceptions: Readonly<Record<string, string>> = {
  'abort: between the steps of a run':
    'ONNX Runtime runs the whole graph in one call, which nothing can interrupt',
}
