import type { NamingName } from './naming/namings.ts'

/** Names, element type and further metadata of the file. */
export interface ToSafetensorsOptions {
  /** Whose key names to write; those of other programs come with PyTorch's batch counters, for `strict=True`. Default `canonical`. */
  readonly naming?: NamingName
  /**
   * float16 halves the file and rounds to nearest. int8 is for a model that `quantize` made and keeps it as it is: nothing is rounded,
   * names are `canonical`. Default: int8 for such a model, else float32.
   */
  readonly storage?: 'float32' | 'float16' | 'int8' | undefined
  /**
   * Write the network too: its nodes, inputs and outputs, so that reading the file gives this very model back. Needs the naming
   * `canonical`. Default: true for every network that `mobileone` did not build, whose weights alone say too little.
   */
  readonly graph?: boolean
  /** More entries for `__metadata__`, beside the card. */
  readonly metadata?: Readonly<Record<string, string>>
}
