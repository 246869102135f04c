import {
  elementCount,
  initialize,
  type MobileOneConfig,
  MobileOneError,
  type Model,
  mobileone,
  profile,
  random,
  reference,
  type Tensor,
  tensor,
} from '@mobileone/core'

/** One network with one input and the reference's answer: what every contender is measured and judged on. */
export interface Subject {
  readonly variant: string
  readonly model: Model
  /** Of the shape of the model's input: [N, C, H, W]. */
  readonly input: Tensor
  readonly expected: readonly number[]
  /** Multiply-accumulates of one run. */
  readonly macs: number
  /** Bytes of the elements of its weights, as the model stores them. */
  readonly weightBytes: number
}

const seed = 2206
/** He normal weights and random biases: speed does not depend on the values, errors show. */
export function randomDeployModel(config: MobileOneConfig): Model {
  return initialize(mobileone(config, { form: 'deploy' }), { seed, statistics: 'random' })
}

/**
 * Run the naive reference once on standard normal noise. `variant` names the network in reports.
 * @throws MobileOneError `unsupported` for a model that has not one input and one output.
 */
export async function prepareSubject(variant: string, model: Model, signal?: AbortSignal): Promise<Subject> {
  const [named, ...moreInputs] = Object.entries(model.inputs)
  const [outputName, ...moreOutputs] = Object.keys(model.outputs)
  if (!named || outputName === undefined || moreInputs.length + moreOutputs.length > 0) {
    throw new MobileOneError(
      'unsupported',
      `networks with one input and one output are measured; "${model.name}" has the inputs ${Object.keys(model.inputs).join(', ')} and the outputs ${Object.keys(model.outputs).join(', ')} (withOutputs)`,
    )
  }
  const [inputName, { shape }] = named
  const source = random(seed)
  const input = tensor(
    shape,
    Float32Array.from({ length: elementCount(shape) }, () => source.normal()),
  )
  await using executor = await reference().compile(model)
  const outputs = await executor.run({ [inputName]: input }, signal ? { signal } : {})
  return {
    variant,
    model,
    input,
    expected: Array.from((outputs[outputName] as Tensor).data),
    macs: profile(model).macs,
    weightBytes: Object.values(model.weights).reduce((sum, { data }) => sum + data.byteLength, 0),
  }
}
