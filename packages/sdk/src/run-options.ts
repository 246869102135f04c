import type { OnProgress } from '@mobileone/core'
import type { ClassifyOptions, ImageRunOptions, PreprocessOptions } from '@mobileone/vision'

/** How a picture becomes the network's input, for every call that takes one. */
export type PictureOptions = PreprocessOptions & Pick<ImageRunOptions, 'onTimes'>

/** What one call of `embed` takes. */
export type EmbedRunOptions = PictureOptions & {
  /** Scale each embedding to length 1, so that a dot product is the cosine similarity. False by default. */
  readonly normalize?: boolean
}

/** What one call of `classify` takes: the picture, how to rank its classes, and when to stop. */
export type ClassifierRunOptions = PictureOptions &
  Pick<ClassifyOptions, 'topK' | 'threshold' | 'allow' | 'deny' | 'activation'>

/** What goes through many pictures tells how far it is. */
export interface ListOptions {
  /** `done` pictures have their result; `total` is known of lists and other sized collections. */
  readonly onProgress?: OnProgress
}

/** Options of later calls that do not say otherwise themselves. */
export type ClassifierDefaults = Omit<ClassifierRunOptions & EmbedRunOptions, 'signal'>

/** Some of these options; undefined takes one back. */
export type Changes<Options> = { readonly [Name in keyof Options]?: Options[Name] | undefined }
