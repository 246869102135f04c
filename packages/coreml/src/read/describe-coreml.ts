import type { Feature, Metadata } from '../mil/program.ts'
import { targets } from '../mil/versions.ts'
import { type CoreMLSource, openModel } from './open-model.ts'

/** What a Core ML file says of itself, without its weights. */
export interface CoreMLDescription {
  readonly kind: 'ML program' | 'neural network'
  readonly specificationVersion: number
  /** The first systems that load it, where the version is a known one. */
  readonly systems?: string
  readonly inputs: readonly Feature[]
  readonly outputs: readonly Feature[]
  readonly metadata: Metadata
  /** Operations of an ML program by name, with how often each occurs; constants left out. */
  readonly operations: Readonly<Record<string, number>>
  /** Stored elements of an ML program's weight file by element type. */
  readonly stored: Readonly<Record<string, number>>
}

/**
 * Describe a package, a zipped package or the bytes of an `.mlmodel` file, whether or not it can be read as a model.
 * @throws MobileOneError `invalid-file` for damaged files, `unsupported` for other kinds of Core ML model.
 */
export function describeCoreML(source: CoreMLSource): CoreMLDescription {
  const { version, description, program } = openModel(source)
  const systems = Object.values(targets).find(({ specification }) => specification === version)?.systems
  const operations: Record<string, number> = {}
  const stored: Record<string, number> = {}
  for (const operation of program?.operations ?? []) {
    if (operation.type !== 'const') operations[operation.type] = (operations[operation.type] ?? 0) + 1
    const bound = [...operation.inputs.values()].flatMap((binding) =>
      binding.kind === 'value' ? [binding.value] : [],
    )
    for (const { type, payload } of [...operation.attributes.values(), ...bound]) {
      if (type.kind !== 'tensor' || payload.kind !== 'blob') continue
      const elements = type.shape.reduce((product, size) => product * size, 1)
      stored[type.dtype] = (stored[type.dtype] ?? 0) + elements
    }
  }
  return {
    kind: program ? 'ML program' : 'neural network',
    specificationVersion: version,
    ...(systems !== undefined && { systems }),
    inputs: description.inputs,
    outputs: description.outputs,
    metadata: description.metadata,
    operations,
    stored,
  }
}
