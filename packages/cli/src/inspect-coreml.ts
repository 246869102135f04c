import { isMobileOneError, type Model } from '@mobileone/core'
import type { CoreMLDescription, CoreMLSource } from '@mobileone/coreml'
import { readCoreML } from './coreml.ts'
import { formatBytes, formatCount, printable } from './terminal.ts'

/** What `inspect` tells of a Core ML file, beside its layers. */
export interface InspectedCoreML {
  readonly description: CoreMLDescription
  readonly bytes: number
  /** Undefined where the file holds what a model does not have, or is of another kind. */
  readonly model: Model | undefined
  /** Why there is no model. */
  readonly reason?: string
}

/** @throws MobileOneError `invalid-file` for damaged files. */
export async function inspectCoreML(source: CoreMLSource): Promise<InspectedCoreML> {
  const { describeCoreML } = await import('@mobileone/coreml')
  const description = describeCoreML(source)
  const bytes =
    source instanceof Uint8Array
      ? source.length
      : Object.values(source.files).reduce((sum, file) => sum + file.length, 0)
  try {
    return { description, bytes, model: await readCoreML(source, description.kind) }
  } catch (error) {
    if (!isMobileOneError(error) || error.code !== 'unsupported') throw error
    return { description, bytes, model: undefined, reason: error.message }
  }
}

/** As JSON, metadata as plain objects. */
export function coremlJson({ description, bytes, reason }: InspectedCoreML): object {
  const { metadata, ...rest } = description
  return {
    ...rest,
    bytes,
    metadata: { ...metadata, userDefined: Object.fromEntries(metadata.userDefined) },
    ...(reason !== undefined && { reason }),
  }
}

export function coremlText({ description, bytes }: InspectedCoreML): string {
  const { kind, specificationVersion, systems, inputs, outputs, metadata, operations, stored } = description
  const rows: [string, string][] = [
    [
      'kind',
      `${kind}, specification ${specificationVersion}${systems ? ` (${systems})` : ''}, ${formatBytes(bytes)}`,
    ],
    ...inputs.map(({ name, type }): [string, string] => ['input', `${name}: ${typeText(type)}`]),
    ...outputs.map(({ name, type }): [string, string] => ['output', `${name}: ${typeText(type)}`]),
    [
      'operations',
      Object.entries(operations)
        .map(([name, count]) => `${count} ${name}`)
        .join(', '),
    ],
    [
      'weights',
      Object.entries(stored)
        .map(([dtype, count]) => `${formatCount(count)} ${dtype}`)
        .join(', '),
    ],
    ['description', metadata.description],
    ['author', metadata.author],
    ['licence', metadata.licence],
    ['version', metadata.version],
    ...[...metadata.userDefined].map(([key, value]): [string, string] => [key, shorten(value)]),
  ]
  const shown = rows
    .filter(([, value]) => value !== '')
    .map(([name, value]): [string, string] => [printable(name), printable(value)])
  const width = Math.max(...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

function typeText(type: CoreMLDescription['inputs'][number]['type']): string {
  switch (type.kind) {
    case 'image':
      return `${type.colorSpace} image of ${type.width} x ${type.height}`
    case 'multiArray':
      return `${type.dtype} array ${type.shape.join('x')}`
    case 'dictionary':
      return `dictionary by ${type.key}`
    case 'string':
    case 'int64':
    case 'double':
    case 'other':
      return type.kind
    default:
      return type satisfies never
  }
}

const longest = 100

function shorten(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`
}
