import { MobileOneError } from '@mobileone/core'
import type { OnnxAttribute, OnnxNode } from '../proto.ts'

/** Attribute types and what each holds. */
type Values = {
  [A in OnnxAttribute as A['type']]: A extends { readonly value: infer V } ? V : never
}

/**
 * The attribute `name` of `node`, undefined when absent.
 * @throws MobileOneError `invalid-file` where it has another type.
 */
export function attribute<T extends keyof Values>(
  node: OnnxNode,
  name: string,
  type: T,
): Values[T] | undefined {
  const found = node.attributes.get(name)
  if (found === undefined) return undefined
  if (found.type !== type) {
    throw new MobileOneError(
      'invalid-file',
      `${describe(node)}: the attribute "${name}" is of type ${found.type}, expected ${type}`,
    )
  }
  return (found as { value: unknown }).value as Values[T]
}

/** `node "head" (Gemm)`, as in messages. */
export function describe(node: OnnxNode): string {
  return `node "${node.name || (node.outputs[0] ?? '')}" (${node.op})`
}
