import { MobileOneError } from '@mobileone/core'
import { type Naming, namings } from './namings.ts'

export interface Detected {
  readonly naming: Naming
  /** What stands before every key of the network, such as `module.` or `encoder.`. */
  readonly prefix: string
}

/**
 * {@link findNaming}, which must be there.
 * @throws MobileOneError `missing-weights` when no naming fits, with the first keys.
 */
export function detectNaming(keys: Iterable<string>, wantedPrefix?: string): Detected {
  const all = [...keys]
  return findNaming(all, wantedPrefix) ?? refuse(all, wantedPrefix)
}

/** The naming of a state dict, told by the first weight of the stem, and what stands before its keys; undefined where none fits. */
export function findNaming(keys: Iterable<string>, wantedPrefix?: string): Detected | undefined {
  const anchors = Object.values(namings).flatMap((naming) =>
    (['fused', 'conv', 'scale'] as const).map((part) => {
      const module = naming.parts[part].replace('{i}', '0')
      return { naming, key: `${naming.stem}${module === '' ? '' : `.${module}`}.weight` }
    }),
  )
  const all = [...keys]
  for (const { naming, key: anchor } of anchors) {
    for (const key of all) {
      if (!key.endsWith(anchor)) continue
      const prefix = key.slice(0, key.length - anchor.length)
      if (wantedPrefix === undefined ? prefix === '' || prefix.endsWith('.') : prefix === wantedPrefix) {
        return { naming, prefix }
      }
    }
  }
  return undefined
}

function refuse(all: readonly string[], wantedPrefix: string | undefined): never {
  const under = wantedPrefix === undefined ? '' : ` under the prefix ${JSON.stringify(wantedPrefix)}`
  throw new MobileOneError(
    'missing-weights',
    `these are not weights of a MobileOne as Apple, timm, mmpretrain or this project names them${under}: there is none of ` +
      `${Object.values(namings)
        .map(({ stem, parts }) => `"${stem}.${parts.conv.replace('{i}', '0')}.weight"`)
        .join(', ')} or their folded forms. ${describe(all)}`,
  )
}

function describe(keys: readonly string[]): string {
  const repVgg = keys.some((key) => /rbr_(dense|1x1|reparam)/.test(key))
  const first = keys
    .slice(0, 5)
    .map((key) => JSON.stringify(key.slice(0, 80)))
    .join(', ')
  return `${repVgg ? 'They look like those of a RepVGG. ' : ''}@mobileone/zoo reads those of other networks. The first of ${keys.length} keys are ${first}`
}
