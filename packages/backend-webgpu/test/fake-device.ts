/** A GPUDevice that computes nothing and records what it is asked for. */
export interface FakeDevice {
  readonly device: GPUDevice
  readonly modules: readonly { readonly label: string; readonly code: string }[]
  /** Calls by name: createBuffer, dispatchWorkgroups, submit, mapAsync, destroy … */
  readonly calls: Record<string, number>
  /** Sizes of the buffers made and not destroyed. */
  readonly bytes: () => number
  /** Lose the device: maps fail, `lost` resolves. */
  lose(message: string): void
  /** Change what every map returns. */
  output: (bytes: ArrayBuffer) => void
  /** Called before a map succeeds or fails. */
  onMap: () => void
}

export function fakeDevice({
  features = [] as readonly string[],
  limits = {} as Readonly<Record<string, number>>,
  adapter = 'fake',
} = {}): FakeDevice {
  const modules: { label: string; code: string }[] = []
  const calls: Record<string, number> = {}
  const count = (name: string): void => void (calls[name] = (calls[name] ?? 0) + 1)
  let [bytes, isLost] = [0, false]
  let lose = (_: { reason: string; message: string }): void => {}
  const lost = new Promise((resolve) => {
    lose = resolve
  })
  const pass = {
    setPipeline: () => count('setPipeline'),
    setBindGroup: () => count('setBindGroup'),
    dispatchWorkgroups: () => count('dispatchWorkgroups'),
    end: () => {},
  }
  const device = {
    features: new Set(features),
    adapterInfo: { vendor: adapter },
    limits: {
      maxBufferSize: 2 ** 28,
      maxStorageBufferBindingSize: 2 ** 27,
      maxComputeInvocationsPerWorkgroup: 256,
      maxComputeWorkgroupSizeX: 256,
      ...limits,
    },
    lost,
    queue: {
      submit: () => count('submit'),
      writeBuffer: () => count('writeBuffer'),
      onSubmittedWorkDone: async () => count('onSubmittedWorkDone'),
    },
    createBuffer({ size }: { size: number }) {
      count('createBuffer')
      bytes += size
      const data = new ArrayBuffer(size)
      return {
        size,
        getMappedRange() {
          fake.output(data)
          return data
        },
        unmap: () => {},
        destroy: () => void (bytes -= size),
        async mapAsync() {
          count('mapAsync')
          fake.onMap()
          if (isLost) throw new DOMException('the device is lost', 'AbortError')
        },
      }
    },
    createShaderModule(module: { label: string; code: string }) {
      modules.push(module)
      return module
    },
    createComputePipelineAsync: async () => ({ getBindGroupLayout: () => ({}) }),
    createBindGroup: () => count('createBindGroup'),
    createCommandEncoder: () => ({
      beginComputePass: () => pass,
      copyBufferToBuffer: () => count('copyBufferToBuffer'),
      finish: () => ({}),
    }),
    pushErrorScope: () => {},
    popErrorScope: async () => null,
    destroy: () => count('destroy'),
  }
  const fake: FakeDevice = {
    device: device as unknown as GPUDevice,
    modules,
    calls,
    bytes: () => bytes,
    lose(message) {
      isLost = true
      lose({ reason: 'unknown', message })
    },
    output: () => {},
    onMap: () => {},
  }
  return fake
}

/** The entry point of WebGPU whose adapter hands out `devices` in turn. */
export function fakeGpu(devices: readonly FakeDevice[]): GPU {
  let next = 0
  const adapter = {
    features: new Set(),
    limits: { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27 },
    info: { vendor: 'fake', architecture: '', device: '', description: '' },
    requestDevice: async () => devices[next++]!.device,
  }
  return { requestAdapter: async () => adapter } as unknown as GPU
}
