/** One labelled embedding of an `ExampleSet`. */
export interface Example {
  /** Stays with the example while the set lives. */
  readonly id: number
  readonly label: string
  /** [features]. */
  readonly embedding: Float32Array
}
