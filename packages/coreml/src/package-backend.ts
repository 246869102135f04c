import {
  type Backend,
  type Executor,
  elementCount,
  MobileOneError,
  type Model,
  type Preprocess,
  spec,
  type Tensor,
  tensor,
  throwIfAborted,
} from '@mobileone/core'
import { describeCoreML } from './read/describe-coreml.ts'
import type { CoreMLSource } from './read/open-model.ts'
import { type InterpretOptions, interpretPackage } from './run/interpreter.ts'

/**
 * A backend that interprets the bytes of a package as they are, for the model that was read from it: `compile` takes that model
 * with any choice of outputs, and offers those the package shows.
 * @throws MobileOneError `unsupported` for older networks, which the interpreter cannot run.
 */
export function packageBackend(
  source: CoreMLSource,
  model: Model,
  options: Pick<InterpretOptions, 'maxMultiplyAdds'> = {},
): Backend {
  const described = describeCoreML(source)
  if (described.kind !== 'ML program') {
    throw new MobileOneError(
      'unsupported',
      `the interpreter runs ML programs, and "${model.name}" is a neural network (.mlmodel); run what was read from it on another backend`,
    )
  }
  const image = described.inputs.some(({ type }) => type.kind === 'image')
  return {
    specVersion: 1,
    name: 'coreml',
    probe: async () => ({ ok: true, features: ['interpreter of the package'] }),
    unsupported: () => [],
    async compile(given, { signal } = {}) {
      throwIfAborted(signal, 'compiling for coreml')
      return withModelValues(
        given,
        interpretPackage(source, options),
        image ? model.card?.preprocess : undefined,
      )
    },
  }
}

/**
 * `program` with the inputs and outputs of `model`: pixels for normalised values where `rule` is given, and logits for the
 * probabilities of a classifier, whose logarithms they are but for a constant.
 */
function withModelValues(model: Model, program: Executor, rule: Preprocess | undefined): Executor {
  const [inputName = '', input] = Object.entries(model.inputs)[0] ?? []
  const [programInput = ''] = Object.keys(program.inputs)
  const outputs = new Map<string, { readonly from: string; readonly logarithm: boolean }>()
  for (const name of Object.keys(model.outputs)) {
    if (program.outputs[name]) outputs.set(name, { from: name, logarithm: false })
  }
  const [probabilities, ...others] = Object.keys(program.outputs).filter((name) => !model.outputs[name])
  if (!outputs.has('logits') && probabilities !== undefined && others.length === 0) {
    outputs.set('logits', { from: probabilities, logarithm: true })
  }
  if (!input || !outputs.has('logits')) {
    throw new MobileOneError(
      'unsupported',
      `the package of "${model.name}" shows ${Object.keys(program.outputs).join(', ')} and no logits or probabilities to classify by`,
    )
  }
  return {
    ...program,
    inputs: { [inputName]: input },
    outputs: Object.fromEntries(
      [...outputs].map(([name, { from }]) => [name, program.outputs[from] ?? spec([])]),
    ),
    async run(inputs, options) {
      const given = inputs[inputName] as Tensor
      const results = await program.run({ [programInput]: rule ? toPixels(given, rule) : given }, options)
      return Object.fromEntries(
        [...outputs].map(([name, { from, logarithm }]) => {
          const { shape, data } = results[from] as Tensor
          return [name, tensor(shape, logarithm ? data.map(logarithmOf) : data)]
        }),
      )
    },
  }
}

/** Finite where a probability was rounded to 0: that of the smallest float32. */
function logarithmOf(probability: number): number {
  return Math.log(Math.max(probability, 2 ** -149))
}

/** The pixels 0..255 that `rule` made `normalised` of. */
function toPixels({ shape, data }: Tensor, { mean, std }: Preprocess): Tensor {
  const plane = elementCount(shape.slice(2))
  const pixels = data.map((value, index) => {
    const channel = Math.floor(index / plane) % mean.length
    return 255 * (value * (std[channel] as number) + (mean[channel] as number))
  })
  return tensor(shape, pixels)
}
