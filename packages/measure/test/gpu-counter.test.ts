import { expect, it } from 'vitest'
import {
  countGpu,
  describeAdapter,
  type GpuScope,
  localHost,
  type Report,
  reportMarkdown,
  reportText,
} from '../src/index.ts'

/** Classes of the shape of WebGPU's that do nothing. */
function fakeGpu(): GpuScope & { readonly GPUAdapter: new () => FakeAdapter } {
  class GPUBuffer {
    readonly size: number
    constructor(size: number) {
      this.size = size
    }
    destroy(): void {}
    async mapAsync(_mode: number, _offset?: number, _size?: number): Promise<void> {}
  }
  class GPUQueue {
    submit(_: unknown): void {}
    writeBuffer(..._: unknown[]): void {}
  }
  class GPUComputePassEncoder {
    dispatchWorkgroups(..._: number[]): void {}
  }
  class GPUDevice {
    readonly queue = new GPUQueue()
    readonly pass = new GPUComputePassEncoder()
    createBuffer({ size }: { size: number; mappedAtCreation?: boolean }): GPUBuffer {
      return new GPUBuffer(size)
    }
  }
  class GPUAdapter {
    readonly info = { vendor: 'google', architecture: 'swiftshader', device: '', description: 'google' }
    async requestDevice(): Promise<GPUDevice> {
      return new GPUDevice()
    }
  }
  return { GPUAdapter, GPUDevice, GPUQueue, GPUBuffer, GPUComputePassEncoder }
}
type FakeDevice = {
  readonly queue: { submit(_: unknown): void; writeBuffer(..._: unknown[]): void }
  readonly pass: { dispatchWorkgroups(..._: number[]): void }
  createBuffer(_: { size: number; mappedAtCreation?: boolean }): {
    destroy(): void
    mapAsync(mode: number, offset?: number, size?: number): Promise<void>
  }
}
type FakeAdapter = { requestDevice(): Promise<FakeDevice> }

it('counts dispatches, submissions, buffers and bytes, and stops', async () => {
  const scope = fakeGpu()
  const counter = countGpu(scope)
  expect(counter.adapter()).toBeUndefined()
  const device = await new scope.GPUAdapter().requestDevice()
  expect(counter.adapter()).toEqual({ name: 'google swiftshader', software: true })

  const staging = device.createBuffer({ size: 1000, mappedAtCreation: true })
  const buffer = device.createBuffer({ size: 64 })
  device.queue.writeBuffer(buffer, 0, new Float32Array(16))
  device.queue.writeBuffer(buffer, 0, new Float32Array(16), 4)
  device.queue.writeBuffer(buffer, 0, new Float32Array(16), 4, 2)
  device.queue.writeBuffer(buffer, 0, new Float32Array(16).buffer, 4, 8)
  await buffer.mapAsync(1)
  await buffer.mapAsync(1, 16)
  await buffer.mapAsync(2, 16, 8)
  device.pass.dispatchWorkgroups(1, 2)
  device.queue.submit([])
  staging.destroy()
  staging.destroy()
  const counts = {
    dispatches: 1,
    submits: 1,
    buffers: 2,
    bufferBytes: 64,
    uploadedBytes: 1000 + 64 + 48 + 8 + 8 + 8,
    readBytes: 64 + 48,
  }
  expect(counter.counts()).toEqual(counts)
  counter.stop()
  device.queue.submit([])
  expect(counter.counts()).toEqual(counts)
})

it('counts nothing where there is no WebGPU', () => {
  const counter = countGpu({})
  expect(counter.counts()).toMatchObject({ dispatches: 0, buffers: 0 })
  counter.stop()
})

it('tells a GPU from an adapter on the CPU', () => {
  const info = (given: object): GPUAdapterInfo => given as GPUAdapterInfo
  expect(describeAdapter(info({ vendor: 'nvidia', architecture: 'hopper' }))).toEqual({
    name: 'nvidia hopper',
    software: false,
  })
  expect(describeAdapter(info({ vendor: 'x', isFallbackAdapter: true })).software).toBe(true)
  expect(describeAdapter(undefined)).toEqual({ name: 'unnamed', software: false })
})

it('a host counts the timed runs alone, per run', async () => {
  const scope = fakeGpu()
  const gpu = countGpu(scope)
  const device = await new scope.GPUAdapter().requestDevice()
  const host = localHost({
    threads: 1,
    assets: '',
    inputShape: [1, 1, 1, 1],
    layout: 'NCHW',
    source: new Uint8Array(),
    input: new Float32Array(1),
    memory: { kind: 'none', bytes: () => null },
    gpu,
    contender: async () => ({
      create: async () => ({
        load: async () => void device.createBuffer({ size: 1e6, mappedAtCreation: true }),
        async run(input) {
          device.createBuffer({ size: 8 })
          device.pass.dispatchWorkgroups(1)
          device.pass.dispatchWorkgroups(1)
          device.queue.submit([])
          return input
        },
        dispose: async () => {},
      }),
    }),
  })
  await host.start()
  await host.turn({ settle: 3, runs: 2, recreate: false })
  await host.turn({ settle: 1, runs: 1, recreate: true })
  expect((await host.finish()).gpu).toEqual({
    adapter: { name: 'google swiftshader', software: true },
    runs: 3,
    dispatches: 2,
    submits: 1,
    buffers: 1,
    uploadedBytes: 0,
    readBytes: 0,
    bufferBytes: 2e6 + 8 * 8,
  })
  gpu.stop()
})

it('a report of the GPU names the adapter and has columns of its own', () => {
  const result = (contender: string, medianMs: number, buffers: number): Report['results'][number] => ({
    contender,
    variant: 's0',
    runtime: 'chromium',
    threads: 1,
    loadMs: 1,
    compileMs: 2,
    firstMs: 3,
    startMs: 6,
    medianMs,
    p95Ms: 9,
    minMs: 1,
    meanMs: 5,
    lowMs: 1,
    highMs: 9,
    gflops: 2,
    peakShare: null,
    memoryBytes: 100,
    memoryKind: 'all',
    wireBytes: null,
    wireGzipBytes: null,
    weightBytes: 4,
    maxAbsError: 1e-6,
    maxRelError: 1e-6,
    macs: 1e6,
    samples: [medianMs],
    starts: [],
    gpu: {
      adapter: { name: 'google swiftshader', software: true },
      runs: 1,
      dispatches: 45,
      submits: 1,
      buffers,
      bufferBytes: 10,
      uploadedBytes: 602112,
      readBytes: 4000,
    },
  })
  const report: Report = {
    date: '2026-01-01T00:00:00.000Z',
    machine: { cpu: 'cpu', cores: 2, memoryBytes: 1, platform: 'linux x64' },
    versions: { chromium: '1' },
    protocol: {
      name: 'default',
      what: 'turns',
      headline: 'medianMs',
      rounds: 1,
      runsPerTurn: 1,
      settle: 1,
      recreate: false,
      trim: 0,
      starts: 1,
    },
    peakGflops: 0,
    peaks: [],
    results: [result('mobileone-webgpu', 10, 0), result('ort-webgpu', 25, 1.5)],
    skipped: [],
  }
  const text = reportText(report)
  expect(text).toContain('Adapter google swiftshader: a software adapter')
  expect(text).toMatch(/contender +median +p95 +× ours +GFLOP\/s +dispatches +submits +buffers made/)
  expect(text).toMatch(/ort-webgpu +25\.0 +9\.00 +2\.50 +2\.0 +45 +1 +1\.5 +602\.1 kB +4\.0 kB/)
  expect(text).not.toContain('% peak')
  expect(reportMarkdown(report)).toContain('| **mobileone-webgpu** | **10.0** | **9.00** | **1.00** |')
})
