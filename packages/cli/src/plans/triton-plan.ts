import type { ExportedFile, Model } from '@mobileone/core'
import { planScripts } from '../generated/plan-scripts.ts'
import { type PlanFacts, planFacts, planNetwork } from './plan-facts.ts'
import { text } from './ray-plan.ts'

/** How the server batches. */
export interface TritonOptions {
  /** Classes that the client asks for. */
  readonly top: number
  /** The most pictures of a batch. */
  readonly maxBatchSize: number
  /** How long a request waits for others to share its batch, in microseconds. */
  readonly queueDelay: number
  /** A GPU for each instance, in place of processors. */
  readonly gpu: boolean
}

/** Files, relative to a folder, that serve a classifier with NVIDIA's Triton Inference Server, and a client. */
export async function tritonPlan(
  model: Model,
  options: TritonOptions,
): Promise<[ExportedFile, ...ExportedFile[]]> {
  const facts = await planFacts(model, options.top)
  const { name, labels } = facts
  const folder = `model_repository/${name}`
  const plan = { ...facts, maxBatchSize: options.maxBatchSize }
  return [
    text(`${folder}/config.pbtxt`, config(facts, options)),
    ...(labels
      ? [
          text(
            `${folder}/labels.txt`,
            `${labels.map((label) => label.replace(/[\r\n]+/g, ' ')).join('\n')}\n`,
          ),
        ]
      : []),
    { path: `${folder}/1/model.onnx`, bytes: planNetwork(model, facts) },
    text('triton_client.py', planScripts['triton_client.py']),
    text('prepare_pictures.py', planScripts['prepare_pictures.py']),
    text('plan.json', `${JSON.stringify(plan, null, 2)}\n`),
    text('README.md', explain(name, options)),
  ]
}

/** `inference.ModelConfig` of github.com/triton-inference-server/common, protobuf/model_config.proto, in protobuf's text format. */
function config(
  { name, input, output, preprocess, classes, labels }: PlanFacts,
  { maxBatchSize, queueDelay, gpu }: TritonOptions,
): string {
  const [height, width] = preprocess.size
  const quoted = JSON.stringify
  return `name: ${quoted(name)}
backend: "onnxruntime"
max_batch_size: ${maxBatchSize}
input [
  {
    name: ${quoted(input)}
    data_type: TYPE_UINT8
    dims: [ ${height}, ${width}, ${preprocess.mean.length} ]
  }
]
output [
  {
    name: ${quoted(output)}
    data_type: TYPE_FP32
    dims: [ ${classes} ]${labels ? '\n    label_filename: "labels.txt"' : ''}
  }
]
dynamic_batching {
  max_queue_delay_microseconds: ${queueDelay}
}
instance_group [
  {
    kind: ${gpu ? 'KIND_GPU' : 'KIND_CPU'}
    count: 1
  }
]
`
}

function explain(name: string, { gpu }: TritonOptions): string {
  return `# ${name} with NVIDIA's Triton Inference Server

Nothing here was run against a server: the configuration was parsed by Triton's own definition of it, and compared with the inputs and outputs of the ONNX file
as ONNX Runtime reads them.

    docker run --rm ${gpu ? '--gpus all ' : ''}-p 8000:8000 -p 8001:8001 -p 8002:8002 -v "$PWD/model_repository:/models" \\
      nvcr.io/nvidia/tritonserver:VERSION-py3 tritonserver --model-repository=/models

VERSION is a release of the server, such as 25.06. Its backend for ONNX is ONNX Runtime itself. Ports: HTTP, gRPC, metrics. Then:

    pip install "tritonclient[http]" numpy "pillow<13"
    python triton_client.py cat.jpg

The input is pixels, uint8 [height, width, channels], prepared by \`prepare_pictures.py\` as MobileOne's own programs do; the network normalises them itself. The
output is probabilities. Requests that come together share a batch: \`max_batch_size\` and \`max_queue_delay_microseconds\` of \`config.pbtxt\` say how many, and how long one waits.
`
}
