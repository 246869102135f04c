/**
 * What a program asks of WebGPU, counted from outside: the methods of GPUDevice, GPUQueue, GPUBuffer and
 * GPUComputePassEncoder are wrapped, so that every library is counted in the same manner.
 */

/** Since counting began. */
export interface GpuCounts {
  readonly dispatches: number
  readonly submits: number
  /** Buffers made. */
  readonly buffers: number
  /** Bytes of the buffers made and not destroyed. */
  readonly bufferBytes: number
  /** Written by writeBuffer, or mapped to be written: what crosses from the CPU. */
  readonly uploadedBytes: number
  /** Mapped to be read: what crosses to the CPU. */
  readonly readBytes: number
}

/** The adapter that a contender ran on. */
export interface GpuAdapter {
  /** Vendor, architecture, device and description, as far as the adapter tells them. */
  readonly name: string
  /** Computes on the CPU. */
  readonly software: boolean
}

/** What one contender asked of the GPU per run: means over the timed runs. `bufferBytes` are those after the last. */
export interface GpuUse extends GpuCounts {
  readonly adapter: GpuAdapter
  /** Runs counted. */
  readonly runs: number
}

/** What was asked of WebGPU on this thread since it was made. */
export interface GpuCounter {
  counts(): GpuCounts
  /** Of the last device asked for; undefined before there is one. */
  adapter(): GpuAdapter | undefined
  /** Put the methods back. */
  stop(): void
}

/** Where the classes of WebGPU are: `globalThis`, or `globals` of the package `webgpu` in Node. */
export type GpuScope = Readonly<Record<string, unknown>>

const MAP_READ = 1

/** Start counting. Classes the scope lacks are left out, so that a browser without WebGPU counts nothing. */
export function countGpu(scope: GpuScope = globalThis as unknown as GpuScope): GpuCounter {
  const counts = { dispatches: 0, submits: 0, buffers: 0, bufferBytes: 0, uploadedBytes: 0, readBytes: 0 }
  const alive = new WeakSet<GPUBuffer>()
  const restore: (() => void)[] = []
  let adapter: GpuAdapter | undefined
  const wrap = <This>(
    owner: string,
    method: string,
    count: (self: This, given: readonly unknown[], result: unknown) => void,
  ): void => {
    const prototype = (scope[owner] as { prototype?: Record<string, unknown> } | undefined)?.prototype
    const original = prototype?.[method]
    if (!prototype || typeof original !== 'function') return
    prototype[method] = function (this: This, ...given: unknown[]): unknown {
      const result = original.apply(this, given)
      count(this, given, result)
      return result
    }
    restore.push(() => {
      prototype[method] = original
    })
  }

  wrap<GPUAdapter>('GPUAdapter', 'requestDevice', ({ info }) => {
    adapter = describeAdapter(info)
  })
  for (const method of ['dispatchWorkgroups', 'dispatchWorkgroupsIndirect']) {
    wrap('GPUComputePassEncoder', method, () => counts.dispatches++)
  }
  wrap('GPUQueue', 'submit', () => counts.submits++)
  wrap('GPUQueue', 'writeBuffer', (_, given) => {
    counts.uploadedBytes += writtenBytes(...(given as Parameters<GPUQueue['writeBuffer']>))
  })
  wrap('GPUDevice', 'createBuffer', (_, [descriptor], buffer) => {
    const { size, mappedAtCreation } = descriptor as GPUBufferDescriptor
    counts.buffers++
    counts.bufferBytes += size
    if (mappedAtCreation) counts.uploadedBytes += size
    alive.add(buffer as GPUBuffer)
  })
  wrap<GPUBuffer>('GPUBuffer', 'destroy', (buffer) => {
    if (alive.delete(buffer)) counts.bufferBytes -= buffer.size
  })
  wrap<GPUBuffer>('GPUBuffer', 'mapAsync', (buffer, [mode, offset = 0, size]) => {
    const bytes = (size as number | undefined) ?? buffer.size - (offset as number)
    if ((mode as number) & MAP_READ) counts.readBytes += bytes
    else counts.uploadedBytes += bytes
  })

  return {
    counts: () => ({ ...counts }),
    adapter: () => adapter,
    stop() {
      for (const undo of restore.reverse()) undo()
      restore.length = 0
    },
  }
}

/** `given` and `dataOffset` count elements of a typed array, and bytes of anything else. */
function writtenBytes(
  _: GPUBuffer,
  __: number,
  data: BufferSource | SharedArrayBuffer,
  dataOffset = 0,
  size?: number,
): number {
  const { BYTES_PER_ELEMENT: unit = 1 } = data as { readonly BYTES_PER_ELEMENT?: number }
  return size === undefined ? data.byteLength - dataOffset * unit : size * unit
}

/** For people, and whether it is a GPU at all. */
export function describeAdapter(info: GPUAdapterInfo | undefined): GpuAdapter {
  const words = [info?.vendor, info?.architecture, info?.device, info?.description].filter(Boolean)
  const name = [...new Set(words)].join(' ') || 'unnamed'
  return {
    name,
    software: info?.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render/i.test(name),
  }
}

/** Sums counts over turns, to give those of one run. */
export interface GpuTally {
  /** Count what happened since `before` as that of `runs` runs. */
  add(before: GpuCounts, runs: number): void
  /** Per run. */
  use(): GpuUse
}

/** Adds up stretches of counting. */
export function gpuTally(counter: GpuCounter): GpuTally {
  const total = { dispatches: 0, submits: 0, buffers: 0, uploadedBytes: 0, readBytes: 0 }
  const names = Object.keys(total) as (keyof typeof total)[]
  let counted = 0
  return {
    add(before, runs) {
      const after = counter.counts()
      for (const name of names) total[name] += after[name] - before[name]
      counted += runs
    },
    use() {
      const each = { ...total }
      for (const name of names) each[name] /= Math.max(1, counted)
      return {
        adapter: counter.adapter() ?? describeAdapter(undefined),
        runs: counted,
        ...each,
        bufferBytes: counter.counts().bufferBytes,
      }
    },
  }
}
