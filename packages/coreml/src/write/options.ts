import type { TargetName } from '../mil/versions.ts'
import type { Precision } from './program-builder.ts'

/** What a Core ML package takes and gives, in which precision, and for which systems. */
export interface CoreMLOptions {
  /**
   * `float16` (default for a model without int8 weights): the Neural Engine, the GPU or the CPU may run it. `float32`: exact, and the Neural Engine may
   * not. `int8`: float16 with the large dense kernels stored as int8, affine in each output channel; depthwise
   * kernels, small ones and biases stay float16. Of a model in the int8 form, for which it is the default, exactly the weights
   * that the model has in int8, with its levels and scales.
   */
  readonly precision?: Precision
  /**
   * `image`: pixels of an image of the input's size, normalised in the program by the card's mean and std. `array`: the
   * normalised float32 values. Default `image` where the card has preprocessing and the input is one image of 1 or 3 channels.
   */
  readonly input?: 'image' | 'array'
  /**
   * `classifier`: `classLabel` and its probabilities, the softmax of the logits, by the card's labels. `values`: the model's
   * outputs as they are. Default `classifier` where the card has labels for the logits of one item.
   */
  readonly output?: 'classifier' | 'values'
  /** Also show the classifier's input, the pooled features [1, C], as the output `embedding`. */
  readonly embedding?: boolean
  /** What to do with equal labels, of which Core ML keeps one: `suffix` (default) appends ` (2)` and so on. */
  readonly duplicateLabels?: 'suffix' | 'refuse'
  /** The oldest system that must load the package. Default `ios15`, and `ios16` for int8. */
  readonly target?: TargetName
  /** Version of the model, as Xcode shows it. */
  readonly version?: string
  /** Further metadata, under keys of your own. */
  readonly metadata?: Readonly<Record<string, string>>
}
