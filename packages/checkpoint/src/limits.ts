/**
 * What a weights file may ask for. Every limit is checked before the work it bounds, so that a file takes at most seconds and at most
 * ten times its size and 50 MB, whatever it says. Honest files stay far below: S4 in train form has 1,600 tensors, 60,000 opcodes
 * and 9,000 objects.
 */
export const limits = {
  /** Tensors of one safetensors file. */
  tensors: 100_000,
  /** Bytes of a safetensors header, as in the format's reference reader. */
  headerBytes: 100_000_000,
  /** Brackets within brackets in the JSON of the metadata. */
  jsonDepth: 64,
  /** Nodes of a network that the metadata describe. */
  nodes: 100_000,
  /** Opcodes of one pickle: bounds its time. */
  opcodes: 10_000_000,
  /** Objects that one pickle makes, and copies that it asks for. */
  objects: 300_000,
  /** Values on the stack of the pickle machine, and marks. */
  stack: 300_000,
  /** Entries of the pickle machine's memo. */
  memo: 1_000_000,
  /** Characters of the module or of the name of a Python object, and of a key that is kept in notes and metadata. */
  nameLength: 256,
  /** Bytes, or decimal digits, of a Python integer; a longer one is passed over. */
  integerBytes: 32,
  /** Notes and metadata taken from beside a PyTorch state dict. */
  notes: 50,
  /** Keys and names in one message. */
  listed: 40,
  /** Weights of the network that the names suggest, for each key of the file: more cannot fit, so the network is not built. */
  weightsPerKey: 2,
} as const
