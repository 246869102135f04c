import { parseMetadata, readCard, readSafetensors, toFloat32 } from '@mobileone/checkpoint/lazy'
import { MobileOneError } from '@mobileone/core'
import type { Backbone } from './backbone.ts'
import { isBackbone } from './is-backbone.ts'

/** What files of heads and of examples have in common. */
export interface ReadFile {
  readonly labels: readonly string[] | undefined
  readonly backbone: Backbone
  /** The rest of the entry `key`, from anyone. */
  readonly rest: Readonly<Record<string, unknown>>
  /** A float32 copy of a tensor of the file. @throws MobileOneError `invalid-file` where it is not of this rank. */
  tensor(name: string, rank: number): { readonly shape: readonly number[]; readonly data: Float32Array }
}

/**
 * Read a safetensors file with the metadata `key`.
 * @param what Names the kind of file in messages.
 * @throws MobileOneError `invalid-file`.
 */
export function readFile(bytes: Uint8Array, key: string, what: string): ReadFile {
  const fail = (problem: string): never => {
    throw new MobileOneError('invalid-file', `this is no file of ${what}: ${problem}`)
  }
  const { tensors, metadata } = readSafetensors(bytes)
  const entry = parseMetadata(metadata, key)
  if (typeof entry !== 'object' || entry === null) fail(`it has no metadata ${key}`)
  const { version, backbone: stored, ...rest } = entry as Record<string, unknown>
  if (version !== 1) fail(`it is of version ${JSON.stringify(version)?.slice(0, 20)}; this package reads 1`)
  const card = readCard(metadata)
  const backbone: unknown = typeof stored === 'object' && { ...stored, preprocess: card?.preprocess }
  if (!isBackbone(backbone)) return fail('it does not tell the backbone')
  return {
    labels: card?.labels,
    backbone,
    rest,
    tensor(name, rank) {
      const found = tensors.get(name)
      if (found?.shape.length !== rank || found.dtype !== 'float32') {
        return fail(`it has no float32 tensor "${name}" with ${rank} axes`)
      }
      return { shape: found.shape, data: toFloat32(found).slice() }
    },
  }
}
