import { MobileOneError } from '@mobileone/core'

/**
 * What a Core ML file may ask for, checked before it is made: a small file can name much. The largest MobileOne, S4 in train form with
 * the labels of ImageNet, needs a twentieth of each count.
 */
export const limits = {
  /** Messages and texts of the model file, each of which becomes an object. */
  objects: 2 ** 19,
  /** Bytes of a name: of a value, an operation, a layer, a feature, a file. */
  nameBytes: 4096,
  /** Axes of a tensor. Weights have 4, and lookup tables 2 more. */
  rank: 8,
  /** Inputs, outputs and scalers, of each. */
  features: 1024,
  /** Operations of a program with its constants, or layers of a network. */
  operations: 2 ** 16,
  /** Nodes of the model that is made of them: some layers become many. */
  nodes: 2 ** 14,
  /** Numbers of one parameter of an operation: strides, axes, a shape. */
  parameters: 16,
  /** Files in a package. */
  files: 1024,
  /** Characters of a text of JSON in the metadata: the labels of ImageNet-21k take half of them. */
  jsonCharacters: 2 ** 20,
  /** Bytes of the package's Manifest.json. */
  manifestBytes: 2 ** 20,
  /** Bytes of a file or folder that is read. */
  sourceBytes: 2 ** 31,
} as const

/** Bytes that the files in a zip file of `size` bytes may have together. Weights shrink little; unzipped packages are not limited so. */
export function unpackedLimit(size: number): number {
  return 2 ** 24 + 4 * size
}

/**
 * How much may be made of a file's weights, by the size of the file: float32 of weights of 3 bits or more, and 4 Mi elements besides.
 * Constants may share bytes, a palette makes 32 times its bytes, and one number may stand for a channel each.
 */
export class WeightBudget {
  readonly #what: string
  readonly #bytes: number
  #bytesLeft: number
  #workLeft: number

  /** @param what Names the file's content in errors. @param size Bytes of the file, or of all files of a package. */
  constructor(what: string, size: number) {
    this.#what = what
    this.#bytes = 2 ** 24 + 12 * size
    this.#bytesLeft = this.#bytes
    this.#workLeft = 2 * this.#bytes
  }

  /** Count `bytes` that will be kept. */
  keep(bytes: number): void {
    this.#bytesLeft -= bytes
    this.work(bytes / 4)
    if (this.#bytesLeft < 0) this.#refuse(`take more than ${this.#bytes} bytes`)
  }

  /** Count `elements` that will be computed and dropped. */
  work(elements: number): void {
    this.#workLeft -= elements
    if (this.#workLeft < 0) this.#refuse(`need more than ${2 * this.#bytes} elements on the way`)
  }

  #refuse(problem: string): never {
    throw new MobileOneError(
      'unsupported',
      `the weights of the Core ML ${this.#what} ${problem}, too many for a file of this size; it is damaged or made to exhaust ` +
        'memory. Where it is zipped or palettised to few bits in good faith, unzip it or store its weights in more bits',
    )
  }
}
