import { floatWeight, MobileOneError, type Model } from '@mobileone/core'
import { batchCountsOf } from './batch-counts.ts'
import { hasInt8, int8Metadata, int8Tensors } from './int8/split-levels.ts'
import { toMetadata } from './metadata.ts'
import { type Naming, type NamingName, namings } from './naming/namings.ts'
import { batchCounter, translateKey } from './naming/translate-key.ts'
import { type WritableTensor, writeSafetensors } from './safetensors/write.ts'
import { graphMetadata } from './stored-graph.ts'

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

/**
 * The bytes of a safetensors file with the weights and the card of `model`, train, deploy or int8 form. Same model, same bytes.
 * @throws MobileOneError `unsupported` for a weight the naming has no key for, `invalid-argument` for a value beyond float16, for a graph
 * or int8 under another naming, and for int8 of a model that is not quantised.
 */
export function toSafetensors(model: Model, options: ToSafetensorsOptions = {}): Uint8Array {
  const naming = namings[options.naming ?? 'canonical']
  const isCanonical = naming.name === 'canonical'
  const hasGraph = options.graph ?? (isCanonical && model.config === undefined)
  if (hasGraph && !isCanonical) {
    throw new MobileOneError(
      'invalid-argument',
      `graph: a network names its weights as the model does, not as ${naming.name}; leave out graph or naming`,
    )
  }
  const { storage = hasInt8(model) ? 'int8' : 'float32' } = options
  if (storage === 'int8' && !isCanonical) {
    throw new MobileOneError(
      'invalid-argument',
      `storage int8 has no names of ${naming.name}, whose program cannot read it; leave out naming, or take storage float32`,
    )
  }
  const isInt8 = storage === 'int8'
  const tensors = isInt8 ? int8Tensors(model) : floatTensors(model, naming, storage)
  return writeSafetensors(tensors, {
    ...options.metadata,
    ...toMetadata(model),
    ...(hasGraph && graphMetadata(model)),
    ...(isInt8 && int8Metadata(model)),
  })
}

/** Every weight of `model` in float, under the names of `naming`, with PyTorch's counters under those of other programs. */
function floatTensors(
  model: Model,
  naming: Naming,
  storage: 'float32' | 'float16',
): Map<string, WritableTensor> {
  const isCanonical = naming.name === 'canonical'
  const dtype = storage === 'float16' ? 'F16' : 'F32'
  const tensors = new Map<string, WritableTensor>()
  const unnamed: string[] = []
  const countOf = batchCountsOf(model.card)
  for (const name of Object.keys(model.weights)) {
    const { shape, data } = floatWeight(model, name)
    const key = isCanonical ? name : translateKey(namings.canonical, naming, name)
    if (key === undefined) {
      unnamed.push(name)
      continue
    }
    tensors.set(key, { dtype, shape, data })
    if (!isCanonical && key.endsWith('.running_var')) {
      tensors.set(key.replace(/running_var$/, batchCounter), {
        dtype: 'I64',
        shape: [],
        fill: countOf(name.slice(0, -'.running_var'.length)),
      })
    }
  }
  if (unnamed.length > 0) {
    throw new MobileOneError(
      'unsupported',
      `${naming.name} has no names for ${unnamed.slice(0, 10).join(', ')}${unnamed.length > 10 ? ` and ${unnamed.length - 10} more` : ''}, ` +
        `weights of "${model.name}"; write it with the naming \`canonical\``,
    )
  }
  return tensors
}
