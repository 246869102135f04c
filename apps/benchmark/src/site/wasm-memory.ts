/**
 * Watches every WebAssembly memory this page makes or gets out of a module, so that their sizes can be added up. A
 * memory never shrinks: what is counted is the most it has been. Import this before anything that uses WebAssembly.
 */
const memories = new Set<WebAssembly.Memory>()

/** Bytes of all linear memories, shared ones included. */
export function wasmBytes(): number {
  let total = 0
  for (const memory of memories) total += memory.buffer.byteLength
  return total
}

function watchExports(instance: WebAssembly.Instance): void {
  for (const value of Object.values(instance.exports)) {
    if (value instanceof WebAssembly.Memory) memories.add(value)
  }
}

const { Memory, Instance, instantiate, instantiateStreaming } = WebAssembly

WebAssembly.Memory = new Proxy(Memory, {
  construct(target, parameters) {
    const memory: WebAssembly.Memory = Reflect.construct(target, parameters)
    memories.add(memory)
    return memory
  },
})
WebAssembly.Instance = new Proxy(Instance, {
  construct(target, parameters) {
    const instance: WebAssembly.Instance = Reflect.construct(target, parameters)
    watchExports(instance)
    return instance
  },
})

type Instantiated = WebAssembly.Instance | WebAssembly.WebAssemblyInstantiatedSource
const watch = <T extends Instantiated>(result: T): T => {
  watchExports(
    result instanceof Instance ? result : (result as WebAssembly.WebAssemblyInstantiatedSource).instance,
  )
  return result
}
WebAssembly.instantiate = new Proxy(instantiate, {
  apply: async (target, self, parameters) =>
    watch((await Reflect.apply(target, self, parameters)) as Instantiated),
})
WebAssembly.instantiateStreaming = new Proxy(instantiateStreaming, {
  apply: async (target, self, parameters) =>
    watch((await Reflect.apply(target, self, parameters)) as Instantiated),
})
