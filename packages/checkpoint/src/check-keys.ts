import { formatShape, type Graph, headOf, MobileOneError, sameShape } from '@mobileone/core'
import { limits } from './limits.ts'
import type { StoredTensor } from './stored-tensor.ts'

/** What a checkpoint holds, by canonical name. */
export interface RenamedKeys {
  /** Whose names the file has. */
  readonly naming: string
  /** What stands before every key of the network. */
  readonly prefix: string
  /** The key, without the prefix, for a canonical name. */
  readonly own: (name: string) => string
  readonly found: ReadonlyMap<string, StoredTensor>
  /** Keys of the file that have no canonical name, or one that another key has. */
  readonly extra: readonly string[]
}

/**
 * Every weight of `graph` is found in its shape, and nothing is found that `full` lacks: the same network with every output.
 * @param notes What else the file holds, for the message.
 * @throws MobileOneError `missing-weights` listing every missing, extra and mis-shaped key by its name in the file.
 */
export function checkKeys(
  graph: Graph,
  full: Graph,
  { naming, prefix, own: keyOf, found, extra: unknown }: RenamedKeys,
  notes: readonly string[],
): void {
  const own = (name: string): string => prefix + keyOf(name)
  const missing: string[] = []
  const misshaped: string[] = []
  for (const [name, { shape }] of Object.entries(graph.weights)) {
    const stored = found.get(name)
    if (!stored) missing.push(own(name))
    else if (!sameShape(stored.shape, shape)) {
      misshaped.push(`${own(name)} (${formatShape(stored.shape)}, expected ${formatShape(shape)})`)
    }
  }
  const extra = [...unknown]
  for (const name of found.keys()) if (!Object.hasOwn(full.weights, name)) extra.push(own(name))
  if (missing.length + misshaped.length + extra.length === 0) return

  const lines = [
    `the weights (${naming} names) do not fit the network their shapes suggest, "${graph.name}":`,
  ]
  const { listed, nameLength } = limits
  const list = (what: string, keys: readonly string[]): void => {
    if (keys.length === 0) return
    const more = keys.length > listed ? `, and ${keys.length - listed} more` : ''
    const shown = keys
      .slice(0, listed)
      .map((key) => (key.length > nameLength ? `${key.slice(0, nameLength)}…` : key))
    lines.push(`  ${keys.length} ${what}: ${shown.join(', ')}${more}`)
  }
  list('missing', missing)
  list('of another shape', misshaped)
  list('not part of the network', extra)
  const head = headOf(graph)
  if (missing.length > 0 && head && !found.has(head.weight)) {
    lines.push(
      "  There is no classifier: for a feature extractor give `outputs`, such as ['embedding'] or ['stride8', 'stride32']",
    )
  }
  if (extra.length > 0 && prefix !== '') {
    lines.push(
      `  If the network is a part of a larger one, give \`prefix: ${JSON.stringify(prefix.slice(0, nameLength))}\` to leave the rest alone`,
    )
  }
  for (const note of notes) lines.push(`  ${note}`)
  throw new MobileOneError('missing-weights', lines.join('\n'))
}
