import { basename } from 'node:path'
import { type Model, type OnProgress, throwIfAborted } from '@mobileone/core'
import type { CoreMLOptions } from '@mobileone/coreml'
import { withAssumedCard } from '@mobileone/sdk'
import { UsageError } from './command.ts'
import { writeFileAtomic } from './files.ts'

export interface CoreMLFlags {
  readonly precision?: string | undefined
  readonly input?: string | undefined
  readonly target?: string | undefined
  readonly embedding: boolean
  readonly swift: boolean
}

export interface WrittenCoreML {
  readonly bytes: number
  /** The Swift file beside it. */
  readonly swift?: string
}

const endings = ['.mlpackage', '.mlpackage.zip', '.mlmodel'] as const
/** What `toSwift` keeps of a name, and Xcode's resource must be called. */
const resourceName = /^[\p{L}\p{N}_-][\p{L}\p{N}._-]*$/u

/**
 * Write `model` for Core ML to `output`: a package (folder), a zipped one, or the older single file, as its ending says. Image
 * preprocessing and labels are ImageNet's where the card has none and the network fits.
 * @throws UsageError for an ending, or a combination of flags, that makes no sense.
 */
export async function writeCoreML(
  model: Model,
  output: string,
  flags: CoreMLFlags,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<WrittenCoreML> {
  const ending = endings.find((each) => output.endsWith(each))
  if (ending === undefined) {
    throw new UsageError(`the name of a Core ML file ends in ${endings.join(', ')}; got "${output}"`)
  }
  const stem = basename(output, ending)
  if (flags.swift && !resourceName.test(stem)) {
    throw new UsageError(
      `with --swift the name may have letters, digits, ".", "_" and "-", as the app's resource; got "${stem}"`,
    )
  }
  const options = {
    ...(flags.precision !== undefined && { precision: flags.precision as 'float32' }),
    ...(flags.input !== undefined && { input: flags.input as 'image' }),
    ...(flags.target !== undefined && { target: flags.target as 'ios15' }),
    ...(flags.embedding && { embedding: true }),
  } satisfies CoreMLOptions
  const report = (phase: string, done: number): void => {
    throwIfAborted(signal, 'the export')
    onProgress({ phase, done, total: 2 })
  }

  report('encode for Core ML', 0)
  const { toSwift } = await import('@mobileone/coreml')
  const complete = await withAssumedCard(model)
  const swift = flags.swift ? toSwift({ ...complete, name: stem }, options) : undefined
  const { bytes, write } = await encode(complete, output, ending, flags, options)
  report('write', 1)
  await write()
  if (swift === undefined) return { bytes }
  const swiftFile = `${output.slice(0, -ending.length)}.swift`
  await writeFileAtomic(swiftFile, new TextEncoder().encode(swift))
  return { bytes, swift: swiftFile }
}

async function encode(
  model: Model,
  output: string,
  ending: (typeof endings)[number],
  flags: CoreMLFlags,
  options: CoreMLOptions,
): Promise<{ readonly bytes: number; write(): Promise<void> }> {
  if (ending === '.mlmodel') {
    const { toMLModel } = await import('@mobileone/coreml/mlmodel')
    if (flags.precision === 'int8')
      throw new UsageError('an .mlmodel file is written as float32 or float16, not int8')
    if (flags.target !== undefined)
      throw new UsageError('--target is for packages; an .mlmodel file loads from iOS 13 on')
    const { precision, target, ...rest } = options
    const bytes = toMLModel(model, { ...rest, weights: precision === 'float16' ? 'float16' : 'float32' })
    return { bytes: bytes.length, write: () => writeFileAtomic(output, bytes) }
  }
  const { toCoreML, zipPackage } = await import('@mobileone/coreml')
  const made = toCoreML(model, options)
  if (ending === '.mlpackage.zip') {
    const bytes = zipPackage(made)
    return { bytes: bytes.length, write: () => writeFileAtomic(output, bytes) }
  }
  const { writePackage } = await import('@mobileone/coreml/node')
  const bytes = Object.values(made.files).reduce((sum, file) => sum + file.length, 0)
  return { bytes, write: () => writePackage(output, made) }
}
