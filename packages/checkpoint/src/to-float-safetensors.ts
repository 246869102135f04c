import { floatWeight, MobileOneError, type Model } from '@mobileone/core'
import { batchCountsOf } from './batch-counts.ts'
import { toMetadata } from './metadata.ts'
import { type Naming, namings } from './naming/namings.ts'
import { batchCounter, translateKey } from './naming/translate-key.ts'
import { type WritableTensor, writeSafetensors } from './safetensors/write.ts'
import type { ToSafetensorsOptions } from './safetensors-options.ts'
import { graphMetadata } from './stored-graph.ts'

/**
 * What `toSafetensors` does of float storage, apart from it so that a page which only keeps folded models has no more.
 * @throws MobileOneError `unsupported`, `invalid-argument` as `toSafetensors`.
 */
export function toFloatSafetensors(
  model: Model,
  options: ToSafetensorsOptions & { readonly storage: 'float32' | 'float16' },
): Uint8Array {
  const naming = namings[options.naming ?? 'canonical']
  const isCanonical = naming.name === 'canonical'
  const hasGraph = options.graph ?? (isCanonical && model.config === undefined)
  if (hasGraph && !isCanonical) {
    throw new MobileOneError(
      'invalid-argument',
      `graph: a network names its weights as the model does, not as ${naming.name}; leave out graph or naming`,
    )
  }
  return writeSafetensors(floatTensors(model, naming, options.storage), {
    ...options.metadata,
    ...toMetadata(model),
    ...(hasGraph && graphMetadata(model)),
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
