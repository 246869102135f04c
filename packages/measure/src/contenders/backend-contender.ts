import { type Backend, type Executor, MobileOneError, type Model, type Tensor, tensor } from '@mobileone/core'
import { type Contender, type ModelSource, notLoaded } from '../contender.ts'

interface Loaded {
  readonly executor: Executor
  readonly inputName: string
  readonly shape: readonly number[]
  readonly outputName: string
}

/**
 * A contender from a backend of this project's contract, over models, or over bytes of which `read` makes a model. The model has one
 * input and one output.
 */
export function backendContender(
  backend: Backend,
  read?: (bytes: Uint8Array<ArrayBuffer>) => Model,
): Contender {
  let loaded: Loaded | undefined
  return {
    get memoryBytes() {
      return loaded?.executor.memory.bytes ?? 0
    },
    get steps() {
      return loaded?.executor.steps.length ?? 0
    },
    get precision() {
      return loaded?.executor.precision ?? backend.precision ?? 'float32'
    },
    async load(source: ModelSource) {
      await loaded?.executor.dispose()
      const model = source instanceof Uint8Array ? read?.(source) : source
      if (!model) {
        throw new MobileOneError(
          'invalid-argument',
          `${backend.name} takes a model here, not the bytes of a file; give backendContender a function that reads them`,
        )
      }
      const executor = await backend.compile(model)
      const [[inputName, { shape }]] = Object.entries(executor.inputs) as [[string, Tensor]]
      const [outputName] = Object.keys(executor.outputs) as [string]
      loaded = { executor, inputName, shape, outputName }
    },
    async run(input) {
      if (!loaded) throw notLoaded()
      const { executor, inputName, shape, outputName } = loaded
      const outputs = await executor.run({ [inputName]: tensor(shape, input) })
      return (outputs[outputName] as Tensor).data
    },
    async dispose() {
      await loaded?.executor.dispose()
      loaded = undefined
    },
  }
}
