/**
 * What an ONNX file may ask for, checked before it is made: a small file can name much. The largest MobileOne, S4 in train form as PyTorch
 * writes it, needs a tenth of each count.
 */
export const limits = {
  /** Messages, texts and byte strings that are read, each of which becomes an object. */
  objects: 2 ** 18,
  /** Bytes of a name: of a value, a node, an op, an attribute. */
  nameBytes: 4096,
  /** Nodes of the graph, and of the model that is made of them: one Sum becomes many additions. */
  nodes: 24_576,
  /** Initialisers of the graph. */
  tensors: 2 ** 15,
  /** Inputs and outputs of the graph, of each. */
  values: 1024,
  /** Characters of a text of JSON in the metadata: the labels of ImageNet-21k take half of them. */
  jsonCharacters: 2 ** 20,
  /** Axes of a tensor or an input. */
  rank: 8,
  /** Rows or columns that a map is resized to. */
  pixels: 2 ** 14,
  /** Whole numbers that make up a shape or a list of axes. */
  shapeNumbers: 64,
} as const

/**
 * Elements that may be made of the weights in a file of `byteLength` bytes: of float16, all of it four times; of int8 twice, as it is and
 * transposed, and the transposed levels once, of which four are an element.
 */
export function elementLimit(byteLength: number): number {
  return 2 ** 20 + 2.25 * byteLength
}
