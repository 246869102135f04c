/** For pages: no import of Node. */
import { type Backend, type Executor, type Model, tensor } from '@mobileone/core'

/** What {@link exposeLogits} sets. */
export interface LogitsPage {
  logits(backend: string, input: readonly number[]): Promise<number[]>
}

/**
 * Set `globalThis.logits`, which runs the real S0, served under `/golden/`, on one of `backends` and gives its logits. `load`
 * makes the model of the checkpoint's bytes. The last compiled executor is kept.
 */
export function exposeLogits(
  load: (bytes: Uint8Array<ArrayBuffer>) => Model,
  backends: Readonly<Record<string, () => Backend>>,
): void {
  let current: { readonly name: string; readonly executor: Executor } | undefined
  const executorFor = async (name: string): Promise<Executor> => {
    if (current?.name === name) return current.executor
    await current?.executor.dispose()
    const response = await fetch('/golden/mobileone_s0.pth.tar')
    const model = load(new Uint8Array(await response.arrayBuffer()))
    const executor = await (backends[name] as () => Backend)().compile(model)
    current = { name, executor }
    return executor
  }
  const page: LogitsPage = {
    async logits(name, input) {
      const executor = await executorFor(name)
      const image = tensor([1, 3, 224, 224], Float32Array.from(input))
      return [...((await executor.run({ image })).logits?.data ?? [])]
    },
  }
  Object.assign(globalThis, page)
}
