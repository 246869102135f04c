import type { ExportFormat } from '@mobileone/sdk/export'
import { transfer } from 'comlink'
import type { ModelId } from '../../state/choice.ts'
import type { MadeFile } from '../../workers/teach-worker.ts'
import type { Learned } from './learning.ts'
import loadHead from './snippets/load-head.ts?raw'
import loadModel from './snippets/load-model.ts?raw'
import { project } from './taught.ts'
import { teachWorker } from './teach-worker-client.ts'

/** What can be exported. */
export interface ExportChoice {
  readonly format: 'head' | Exclude<ExportFormat, 'mlmodel'>
  readonly title: string
  readonly description: string
  /** Code that loads it, where that is this project's. */
  readonly snippet?: (model: ModelId) => string
}

export const exportChoices: readonly ExportChoice[] = [
  {
    format: 'head',
    title: 'The head alone',
    description: 'A few kB: what was learned, for the model it was learned on.',
    snippet: (model) => loadHead.replace("'s0'", quotedModel(model)),
  },
  {
    format: 'safetensors',
    title: 'The whole model: safetensors',
    description: 'The network with its new classes, for this SDK and for Python.',
    snippet: () => loadModel,
  },
  {
    format: 'onnx',
    title: 'The whole model: ONNX',
    description:
      'For ONNX Runtime and whatever else reads ONNX; preprocessing and labels are in its metadata.',
  },
  {
    format: 'coreml',
    title: 'The whole model: Core ML',
    description:
      'For iPhone, iPad and Mac: a zip of the model package and of a Swift file that runs it. Add both to Xcode.',
  },
  {
    format: 'tflite',
    title: 'The whole model: TensorFlow Lite',
    description: 'For Android and LiteRT, with its labels in the file.',
  },
]

/** The file of a format. @throws MobileOneError of the exporter. */
export async function makeFile(
  format: ExportChoice['format'],
  { classifier, head }: Learned,
): Promise<MadeFile> {
  const names = new Map(project.peek().classes.map(({ id, name }) => [id, name]))
  const labels = head.labels.map((id) => names.get(id) ?? id)
  const data = { ...head }
  if (format === 'head') {
    return { name: 'taught.head.safetensors', bytes: await teachWorker().headFile(data, labels) }
  }
  const model = await classifier.getModel()
  const buffers = new Set(Object.values(model.weights).map((weight) => weight.data.buffer as ArrayBuffer))
  return teachWorker().modelFile(data, labels, transfer(model, [...buffers]), format)
}

function quotedModel(model: ModelId): string {
  switch (model) {
    case 'fashion-mnist':
      return "'/fashion-mnist.folded.safetensors'"
    case 'file':
      return "'/your-checkpoint.safetensors'"
    default:
      return `'${model}'`
  }
}
