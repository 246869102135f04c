import {
  type Checkpoint,
  detectOtherFormat,
  inspectCheckpoint,
  modelFromCheckpoint,
  readCheckpointAsync,
} from '@mobileone/checkpoint'
import { isMobileOneError, type Model } from '@mobileone/core'

/** A model out of a file, and what the file tells beside it. */
export interface ReadModel {
  readonly model: Model
  /** `PyTorch checkpoint`. */
  readonly format: string
  /** Only of checkpoints: the SDK reads such a file by itself. */
  readonly isCheckpoint: boolean
  /** Facts to show, by name. */
  readonly facts: readonly (readonly [name: string, value: string])[]
  /** What was assumed or left alone, in sentences. */
  readonly remarks: readonly string[]
}

const formats = {
  safetensors: 'safetensors file',
  'pytorch-zip': 'PyTorch checkpoint',
  'pytorch-legacy': 'PyTorch checkpoint (before version 1.6)',
} as const

const namers = {
  canonical: 'of this project',
  apple: "Apple's (ml-mobileone)",
  timm: "timm's",
  mmpretrain: "mmpretrain's",
} as const

/**
 * Read whichever format `bytes` are of.
 * @throws MobileOneError what is wrong with them, or what they are instead.
 */
export async function readModel(bytes: Uint8Array): Promise<ReadModel> {
  const other = detectOtherFormat(bytes)
  switch (other) {
    case 'onnx': {
      const { fromOnnx } = await import('@mobileone/onnx')
      return { model: fromOnnx(bytes), format: 'ONNX model', isCheckpoint: false, facts: [], remarks: [] }
    }
    case 'coreml':
      return readCoreMl(bytes)
    case undefined:
      return readWeights(bytes)
    default:
      throw new Error(`${other satisfies never} is no format`)
  }
}

async function readCoreMl(bytes: Uint8Array): Promise<ReadModel> {
  const { describeCoreML, fromCoreML } = await import('@mobileone/coreml')
  const { kind, systems, stored } = describeCoreML(bytes)
  const model =
    kind === 'ML program' ? fromCoreML(bytes) : (await import('@mobileone/coreml/mlmodel')).fromMLModel(bytes)
  const types = Object.keys(stored)
  return {
    model,
    format: `Core ML ${kind}`,
    isCheckpoint: false,
    facts: [
      ...(systems ? [['Runs on', systems] as const] : []),
      ...(types.length > 0 ? [['Stored as', types.join(', ')] as const] : []),
    ],
    remarks: [],
  }
}

async function readWeights(bytes: Uint8Array): Promise<ReadModel> {
  const checkpoint = await readCheckpointAsync(bytes)
  const remarks: string[] = []
  const model = modelFromCheckpoint(checkpoint, { onWarning: (message) => remarks.push(message) })
  const naming = namingOf(checkpoint)
  return {
    model,
    format: formats[checkpoint.format],
    isCheckpoint: true,
    facts: [
      ...(naming ? [['Names of weights', naming] as const] : []),
      ['Tensors', `${checkpoint.tensors.size}, ${elementTypes(checkpoint)}`],
      ...(checkpoint.root ? [['Found under', checkpoint.root] as const] : []),
    ],
    remarks: [...remarks, ...checkpoint.notes],
  }
}

/** Undefined for a file that holds its network beside the weights, and so names them as it likes. */
function namingOf(checkpoint: Checkpoint): string | undefined {
  try {
    const { naming, prefix } = inspectCheckpoint(checkpoint)
    return prefix ? `${namers[naming]}, under ${prefix}` : namers[naming]
  } catch (error) {
    if (isMobileOneError(error)) return undefined
    throw error
  }
}

function elementTypes({ tensors }: Checkpoint): string {
  return [...new Set([...tensors.values()].map(({ dtype }) => dtype))].join(', ')
}
