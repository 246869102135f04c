import {
  isMobileOneError,
  MobileOneError,
  type Model,
  type Node,
  opFacts,
  type Tensor,
  validate,
  weightRoles,
} from '@mobileone/core'
import { metadataKeys } from '../mil/metadata.ts'
import type { Description } from '../mil/program.ts'
import type { Imported } from './import-program.ts'
import { parseJson, preprocessOf, readCard, recordedPreprocess } from './read-card.ts'

/**
 * The model of the parts that were read from a file: under the names and with the card that its metadata record. Its name is `name`,
 * the recorded one, or `otherwise`.
 * @throws MobileOneError `invalid-file` for parts that do not fit together.
 */
export function buildModel(
  imported: Imported,
  description: Description,
  name: string | undefined,
  otherwise: string,
): Model {
  const { metadata } = description
  const [shape] = Object.values(imported.inputs).map((input) => input.shape)
  const size = [shape?.[2] ?? 0, shape?.[3] ?? 0] as const
  const preprocess = imported.affine
    ? preprocessOf(imported.affine, size, description)
    : recordedPreprocess(metadata.userDefined)
  const card = readCard(description, imported.labels, preprocess)
  const model: Model = {
    name: name ?? metadata.userDefined.get(metadataKeys.name) ?? otherwise,
    ...restoreNames(imported, metadata.userDefined),
    ...(card && { card }),
  }
  try {
    validate(model)
  } catch (error) {
    if (!isMobileOneError(error) || error.code !== 'invalid-model') throw error
    throw new MobileOneError('invalid-file', `the Core ML program does not fit together: ${error.message}`, {
      cause: error,
    })
  }
  return model
}

/** The parts of a model under the names it had when it was written, where the file records them and they are still free. */
function restoreNames(
  imported: Imported,
  metadata: ReadonlyMap<string, string>,
): Pick<Model, 'inputs' | 'nodes' | 'outputs' | 'weights'> {
  const recorded = stringMap(parseJson(metadata.get(metadataKeys.names)))
  const values = [...Object.keys(imported.inputs), ...imported.nodes.map(({ name }) => name)]
  const valueNames = rename(values, recorded)
  const weightNames = rename([...imported.weights.keys()], recorded)
  const value = (name: string): string => valueNames.get(name) ?? name
  const weight = (name: string): string => weightNames.get(name) ?? name

  const needed = new Set(
    imported.nodes.flatMap((node) => {
      const optional = new Set<string>(
        opFacts(node).weights.flatMap((fact) => (fact.optional ? fact.role : [])),
      )
      return weightRoles(node).flatMap(([role, name]) => (optional.has(role) ? [] : name))
    }),
  )
  const dropped = new Set<string>()
  for (const [name, tensor] of imported.weights) {
    const isMadeUp = recorded.get(name) === '' && !needed.has(name)
    if (isMadeUp && tensor.data.every((element) => element === 0)) dropped.add(name)
  }
  const nodes = imported.nodes.map((node) => {
    const renamed: Record<string, unknown> = {
      ...node,
      name: value(node.name),
      inputs: node.inputs.map(value),
    }
    for (const { role, optional = false } of opFacts(node).weights) {
      const key = renamed[role] as string | undefined
      if (optional && key !== undefined && dropped.has(key)) delete renamed[role]
      else if (key !== undefined) renamed[role] = weight(key)
    }
    return renamed as unknown as Node
  })
  const weights: Record<string, Tensor> = {}
  for (const [name, tensor] of imported.weights) if (!dropped.has(name)) weights[weight(name)] = tensor
  // One value may be shown under several names, of which each is given back once.
  const left = new Map(stringMap(parseJson(metadata.get(metadataKeys.outputs))))
  const named = imported.outputs.map(
    ([name, shown]) => [name, value(shown), left.get(name) === value(shown)] as const,
  )
  for (const [name, , exact] of named) if (exact) left.delete(name)
  const others = new Map<string, string[]>()
  for (const [name, shown] of [...left].reverse()) {
    const names = others.get(shown)
    if (names) names.push(name)
    else others.set(shown, [name])
  }
  const outputs = named.map(([name, shown, exact]) => {
    const before = exact ? name : others.get(shown)?.pop()
    return [before ?? name, shown] as const
  })
  return {
    inputs: Object.fromEntries(Object.entries(imported.inputs).map(([name, input]) => [value(name), input])),
    nodes,
    outputs: Object.fromEntries(outputs),
    weights,
  }
}

/** New names where all of them stay distinct, and the old ones otherwise. */
function rename(
  names: readonly string[],
  recorded: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const renamed = new Map(names.map((name) => [name, recorded.get(name) || name]))
  return new Set(renamed.values()).size === names.length ? renamed : new Map()
}

function stringMap(value: unknown): ReadonlyMap<string, string> {
  if (typeof value !== 'object' || value === null) return new Map()
  return new Map(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
