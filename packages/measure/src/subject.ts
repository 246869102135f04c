import {
  type Backend,
  elementCount,
  hasIntegerLayers,
  initialize,
  int8Tolerance,
  type MobileOneConfig,
  MobileOneError,
  type Model,
  mobileone,
  profile,
  random,
  reference,
  type Tensor,
  tensor,
  withInputs,
} from '@mobileone/core'
import { checkOutput } from './check-output.ts'

/** One network with one input and the reference's answer: what every contender is measured and judged on. */
export interface Subject {
  readonly variant: string
  readonly model: Model
  /** Of the shape of the model's input: [N, C, H, W]. */
  readonly input: Tensor
  readonly expected: readonly number[]
  /** Of a model with layers in integers, what it gives in float32, with the weights that its integers stand for. */
  readonly expectedInFloat32?: readonly number[]
  /** The same network in the int8 form, with the same input. */
  readonly int8?: Subject
  /** Labelled photographs, for the accuracy of each lane. */
  readonly photographs?: readonly LabelledInput[]
  /** Multiply-accumulates of one run. */
  readonly macs: number
  /** Bytes of the elements of its weights, as the model stores them. */
  readonly weightBytes: number
}

/** A photograph as the network takes it, and its class. */
export interface LabelledInput {
  /** Of the shape of the model's input. */
  readonly input: Float32Array
  readonly label: number
}

const seed = 2206
/** He normal weights and random biases: speed does not depend on the values, errors show. */
export function randomDeployModel(config: MobileOneConfig): Model {
  return initialize(mobileone(config, { form: 'deploy' }), { seed, statistics: 'random' })
}

/**
 * Run the naive reference once on standard normal noise, or on `input`; a model with layers in integers a second time, in float32. `variant`
 * names the network in reports.
 * @throws MobileOneError `unsupported` for a model that has not one input and one output.
 */
export async function prepareSubject(
  variant: string,
  model: Model,
  signal?: AbortSignal,
  input?: Float32Array,
): Promise<Subject> {
  const subject = subjectOf(variant, model, await answer(reference(), model, signal, input))
  if (!hasIntegerLayers(model)) return subject
  const { output } = await answer(reference({ precision: 'float32' }), model, signal, input)
  return { ...subject, expectedInFloat32: output }
}

/** Multiply-accumulates that the naive reference does in about half a second. */
const referenceMacs = 40_000_000
const leastSide = 33

/**
 * `prepareSubject` for networks on which the naive reference would take minutes: `witness` answers in its place, once it has agreed with the
 * reference on the same weights at an input of fewer pixels. A network that takes no other input is left to the reference, and so is
 * one with layers in integers unless `witness` is a function that gives a backend for each arithmetic.
 * @throws MobileOneError `wrong-result` where the witness is wrong, `unsupported` for a model that has not one input and one output.
 */
export async function prepareSubjectBy(
  witness: Backend | ((precision: 'float32' | 'int8') => Backend),
  variant: string,
  model: Model,
  signal?: AbortSignal,
): Promise<Subject> {
  const small = smaller(model)
  const isInt8 = hasIntegerLayers(model)
  if (!small || (isInt8 && typeof witness !== 'function')) return prepareSubject(variant, model, signal)
  const told = async (precision: 'float32' | 'int8'): Promise<Answer> => {
    const backend = typeof witness === 'function' ? witness(precision) : witness
    const [wanted, given] = [
      await answer(reference({ precision }), small, signal),
      await answer(backend, small, signal),
    ]
    checkOutput(given.output, wanted.output, precision === 'int8' ? int8Tolerance : undefined)
    return answer(backend, model, signal)
  }
  const inFloat32 = await told('float32')
  if (!isInt8) return subjectOf(variant, model, inFloat32)
  return { ...subjectOf(variant, model, await told('int8')), expectedInFloat32: inFloat32.output }
}

/** The model at as many pixels as make {@link referenceMacs}; undefined where it has no more than that, or takes no other input. */
function smaller(model: Model): Model | undefined {
  const [[name, { shape }] = ['', { shape: [] }]] = Object.entries(model.inputs)
  const [, channels, height, width] = shape
  if (channels === undefined || height === undefined || width === undefined) return undefined
  const share = Math.sqrt(referenceMacs / profile(model).macs)
  if (share >= 1) return undefined
  const side = (pixels: number): number => Math.min(pixels, Math.max(leastSide, Math.round(pixels * share)))
  try {
    return withInputs(model, { [name]: [1, channels, side(height), side(width)] })
  } catch {
    return undefined
  }
}

interface Answer {
  readonly input: Tensor
  readonly output: readonly number[]
}

async function answer(
  backend: Backend,
  model: Model,
  signal: AbortSignal | undefined,
  given?: Float32Array,
): Promise<Answer> {
  const { inputName, shape, outputName } = endsOf(model)
  const input = tensor(shape, given ?? normalValues(elementCount(shape)))
  // Not `await using`: Safari has no Symbol.asyncDispose.
  const executor = await backend.compile(model)
  try {
    const outputs = await executor.run({ [inputName]: input }, signal ? { signal } : {})
    return { input, output: Array.from((outputs[outputName] as Tensor).data) }
  } finally {
    await executor.dispose()
  }
}

function normalValues(length: number): Float32Array {
  const source = random(seed)
  return Float32Array.from({ length }, () => source.normal())
}

interface Ends {
  readonly inputName: string
  readonly shape: readonly number[]
  readonly outputName: string
}

function endsOf({ name, inputs, outputs }: Model): Ends {
  const [input, ...moreInputs] = Object.entries(inputs)
  const [outputName, ...moreOutputs] = Object.keys(outputs)
  if (!input || outputName === undefined || moreInputs.length + moreOutputs.length > 0) {
    throw new MobileOneError(
      'unsupported',
      `networks with one input and one output are measured; "${name}" has the inputs ${Object.keys(inputs).join(', ')} and the outputs ${Object.keys(outputs).join(', ')} (withOutputs)`,
    )
  }
  const [inputName, { shape }] = input
  return { inputName, shape, outputName }
}

/** What is known of a model before it runs. */
export interface SubjectFacts extends Pick<Subject, 'macs' | 'weightBytes'> {
  /** The model's own. */
  readonly name: string
  readonly inputShape: readonly number[]
}

/**
 * Whether a model can be a subject, and what there is to say of it.
 * @throws MobileOneError `unsupported` for a model that has not one input and one output.
 */
export function subjectFacts(model: Model): SubjectFacts {
  const { name } = model
  return {
    name,
    inputShape: endsOf(model).shape,
    macs: profile(model).macs,
    weightBytes: weightBytesOf(model),
  }
}

function weightBytesOf({ weights }: Model): number {
  return Object.values(weights).reduce((sum, { data }) => sum + data.byteLength, 0)
}

function subjectOf(variant: string, model: Model, { input, output }: Answer): Subject {
  return {
    variant,
    model,
    input,
    expected: output,
    macs: profile(model).macs,
    weightBytes: weightBytesOf(model),
  }
}
