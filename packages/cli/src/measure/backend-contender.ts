import { type Backend, type Executor, type Model, type Tensor, tensor } from '@mobileone/core'
import type { Contender, ModelSource } from './contender.ts'

/**
 * A contender from a backend of this project. `read` makes a model of bytes; without it, only models are taken.
 * The model has one input and one output.
 */
export function backendContender(
  backend: Backend,
  read?: (bytes: Uint8Array<ArrayBuffer>) => Model,
): Contender & { readonly memoryBytes: number } {
  let executor: Executor | undefined
  let inputName = ''
  let outputName = ''
  let shape: readonly number[] = []
  const ready = (): Executor => {
    if (!executor) throw new Error('load a model first')
    return executor
  }
  return {
    get memoryBytes() {
      return executor?.memory.bytes ?? 0
    },
    async load(source: ModelSource) {
      await executor?.dispose()
      const model = source instanceof Uint8Array ? read?.(source) : source
      if (!model) throw new Error(`${backend.name} takes a model here, not the bytes of a file`)
      executor = await backend.compile(model)
      ;[[inputName, { shape }]] = Object.entries(executor.inputs) as [[string, Tensor]]
      ;[outputName] = Object.keys(executor.outputs) as [string]
    },
    async run(input) {
      const outputs = await ready().run({ [inputName]: tensor(shape, input) })
      return (outputs[outputName] as Tensor).data
    },
    async dispose() {
      await executor?.dispose()
    },
  }
}
