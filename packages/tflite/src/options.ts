/** How the elements of weights lie in the file. */
export type WeightStorage = 'float32' | 'float16'

/** What a TensorFlow Lite file takes, gives and stores. */
export interface TfliteOptions {
  /**
   * `float16` halves the file: weights are rounded to float16 and widened when the model is loaded, what is computed stays
   * float32. Default `float32`.
   */
  readonly storage?: WeightStorage
  /** Show `probabilities`, the softmax of the model's only output [N, C], in that output's place. */
  readonly softmax?: boolean
  /**
   * Take pixels of 0..255 and normalise them in the graph with the card's `mean` and `std`, as MediaPipe needs it where the
   * channels have different ones. Size and crop stay the caller's.
   */
  readonly preprocess?: boolean
}
