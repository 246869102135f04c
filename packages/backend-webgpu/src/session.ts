/** A plan on a device: pipelines, buffers and bind groups are made once; a run writes, submits once and reads back once. */
import { MobileOneError, type OnProgress, type Tensors, tensor, throwIfAborted } from '@mobileone/core'
import { float32ToFloat16 } from '@mobileone/core/half'
import { messageOf } from './error-message.ts'
import { type ImageInput, ImageWriter } from './image.ts'
import type { PlannedBuffer } from './memory.ts'
import { pipelineOf } from './pipelines.ts'
import type { Plan } from './plan-builder.ts'

/** Values of the WebGPU specification: Node has no globals of these names. */
const usage = { mapRead: 1, copySource: 4, copyDestination: 8, storage: 128, queryResolve: 512 } as const
const MAP_READ = 1

interface Command {
  readonly pipeline: GPUComputePipeline
  readonly group: GPUBindGroup
  readonly workgroups: readonly [number, number]
}

/** An output in a buffer of the executor: float32, NCHW. The buffer's usage is STORAGE | COPY_SRC. */
export interface GpuOutput {
  readonly buffer: GPUBuffer
  readonly offset: number
  readonly bytes: number
  readonly shape: readonly number[]
}

interface Output extends GpuOutput {
  readonly name: string
  readonly staged: number
}

interface Queries {
  readonly set: GPUQuerySet
  readonly resolved: GPUBuffer
  readonly staged: GPUBuffer
}

/** Queries of one set: the limit of the WebGPU specification. */
const MAX_QUERIES = 4096

export class Session {
  readonly bytes: number
  readonly #device: GPUDevice
  readonly #buffers: readonly GPUBuffer[]
  readonly #inputs: Readonly<Record<string, GPUBuffer>>
  readonly #commands: readonly Command[]
  readonly #outputs: readonly Output[]
  readonly #staging: GPUBuffer
  #queries: Queries | undefined
  #images: ImageWriter | undefined

  private constructor(device: GPUDevice, plan: Plan, pipelines: ReadonlyMap<string, GPUComputePipeline>) {
    this.#device = device
    const made = new Map<PlannedBuffer, GPUBuffer>()
    for (const planned of plan.buffers) made.set(planned, createBuffer(device, planned, plan))
    const of = (planned: PlannedBuffer): GPUBuffer => made.get(planned)!
    this.#inputs = Object.fromEntries(Object.entries(plan.inputs).map(([name, input]) => [name, of(input)]))
    this.#commands = plan.dispatches.map(({ node, kernel, regions }) => {
      const pipeline = pipelines.get(kernel.code)!
      const group = device.createBindGroup({
        label: node,
        layout: pipeline.getBindGroupLayout(0),
        entries: regions.map(({ buffer, offset, bytes }, binding) => ({
          binding,
          resource: { buffer: of(buffer), offset, size: bytes },
        })),
      })
      return { pipeline, group, workgroups: kernel.workgroups }
    })
    let staged = 0
    this.#outputs = Object.entries(plan.outputs).map(([name, { region, shape }]) => {
      const { offset, bytes } = region
      const output = { name, buffer: of(region.buffer), offset, bytes, shape, staged }
      staged += bytes
      return output
    })
    this.#staging = device.createBuffer({
      label: 'staging',
      size: staged,
      usage: usage.mapRead | usage.copyDestination,
    })
    this.#buffers = [...made.values(), this.#staging]
    this.bytes = this.#buffers.reduce((sum, { size }) => sum + size, 0)
  }

  /** @throws MobileOneError `unavailable` where the device is too small or refuses, `aborted`. */
  static async create(
    device: GPUDevice,
    plan: Plan,
    onProgress?: OnProgress,
    signal?: AbortSignal,
  ): Promise<Session> {
    checkLimits(device, plan)
    const texts = new Map(plan.dispatches.map(({ kernel }) => [kernel.code, kernel.name]))
    let done = 0
    onProgress?.({ phase: 'compile', done, total: texts.size })
    const pipelines = await Promise.all(
      [...texts].map(async ([code, label]) => {
        const pipeline = await pipelineOf(device, code, label)
        onProgress?.({ phase: 'compile', done: ++done, total: texts.size })
        return [code, pipeline] as const
      }),
    )
    throwIfAborted(signal, 'compiling for webgpu')
    device.pushErrorScope('validation')
    device.pushErrorScope('out-of-memory')
    let session: Session | undefined
    let thrown: unknown
    try {
      session = new Session(device, plan, new Map(pipelines))
    } catch (error) {
      thrown = error
    }
    const problems = await Promise.all([device.popErrorScope(), device.popErrorScope()])
    const problem = thrown ?? problems.find((error) => error !== null)
    if (problem || !session) {
      session?.free()
      throw new MobileOneError(
        'unavailable',
        `webgpu: the device refused the model's buffers: ${messageOf(problem)}`,
        {
          cause: problem,
        },
      )
    }
    return session
  }

  async run(inputs: Tensors): Promise<Tensors> {
    this.#write(inputs)
    return this.#submit(this.#device.createCommandEncoder())
  }

  /** Submit a run and leave its outputs where they are. */
  runOnGpu(inputs: Tensors): Readonly<Record<string, GpuOutput>> {
    this.#write(inputs)
    const encoder = this.#device.createCommandEncoder()
    this.#encode(encoder)
    this.#device.queue.submit([encoder.finish()])
    return Object.fromEntries(
      this.#outputs.map(({ name, buffer, offset, bytes, shape }) => [name, { buffer, offset, bytes, shape }]),
    )
  }

  /** Run with `image` in the place of the only input. */
  async runImage(image: ImageInput): Promise<Tensors> {
    const [target] = Object.values(this.#inputs)
    this.#images ??= new ImageWriter(this.#device, target!)
    const convert = await this.#images.prepare(image)
    const encoder = this.#device.createCommandEncoder()
    this.#device.pushErrorScope('validation')
    let outcome: Promise<GPUError | null>
    try {
      convert(encoder)
    } catch (cause) {
      if (cause instanceof MobileOneError) throw cause
      const remedy = 'draw a video frame that cannot be copied to an OffscreenCanvas first'
      throw new MobileOneError(
        'invalid-input',
        `webgpu: the image cannot be copied: ${messageOf(cause)}; ${remedy}`,
        {
          cause,
        },
      )
    } finally {
      outcome = this.#device.popErrorScope()
    }
    const results = await this.#submit(encoder)
    const problem = await outcome
    if (problem) {
      throw new MobileOneError('invalid-input', `webgpu: the device refused the image: ${problem.message}`)
    }
    return results
  }

  async #submit(encoder: GPUCommandEncoder): Promise<Tensors> {
    this.#encode(encoder)
    for (const { buffer, offset, staged, bytes } of this.#outputs)
      encoder.copyBufferToBuffer(buffer, offset, this.#staging, staged, bytes)
    this.#device.queue.submit([encoder.finish()])
    await this.#staging.mapAsync(MAP_READ)
    const all = this.#staging.getMappedRange()
    const results = this.#outputs.map(({ name, staged, bytes, shape }) => [
      name,
      tensor(shape, new Float32Array(all.slice(staged, staged + bytes))),
    ])
    this.#staging.unmap()
    return Object.fromEntries(results)
  }

  /** Milliseconds of each dispatch, by the GPU's own clock or else from submission to completion. */
  async profile(inputs: Tensors): Promise<readonly { readonly step: number; readonly ms: number }[]> {
    this.#write(inputs)
    const queries = this.#device.features.has('timestamp-query') && 2 * this.#commands.length <= MAX_QUERIES
    return queries && this.#commands.length > 0 ? this.#profileByQueries() : this.#profileByWaiting()
  }

  free(): void {
    for (const buffer of this.#buffers) buffer.destroy()
    this.#images?.free()
    this.#queries?.set.destroy()
    this.#queries?.resolved.destroy()
    this.#queries?.staged.destroy()
  }

  #encode(encoder: GPUCommandEncoder): void {
    const pass = encoder.beginComputePass()
    for (const command of this.#commands) encode(pass, command)
    pass.end()
  }

  #write(inputs: Tensors): void {
    for (const [name, buffer] of Object.entries(this.#inputs)) {
      const { data } = inputs[name]!
      this.#device.queue.writeBuffer(buffer, 0, data.buffer, data.byteOffset, data.byteLength)
    }
  }

  async #profileByQueries(): Promise<readonly { readonly step: number; readonly ms: number }[]> {
    const encoder = this.#device.createCommandEncoder()
    const results: { step: number; ms: number }[] = []
    this.#queries ??= createQueries(this.#device, this.#commands.length)
    const { set, resolved, staged } = this.#queries
    for (const [step, command] of this.#commands.entries()) {
      const pass = encoder.beginComputePass({
        timestampWrites: {
          querySet: set,
          beginningOfPassWriteIndex: 2 * step,
          endOfPassWriteIndex: 2 * step + 1,
        },
      })
      encode(pass, command)
      pass.end()
    }
    encoder.resolveQuerySet(set, 0, set.count, resolved, 0)
    encoder.copyBufferToBuffer(resolved, 0, staged, 0, staged.size)
    this.#device.queue.submit([encoder.finish()])
    await staged.mapAsync(MAP_READ)
    const times = new BigInt64Array(staged.getMappedRange().slice(0))
    staged.unmap()
    for (const step of this.#commands.keys()) {
      const nanoseconds = Number(times[2 * step + 1]! - times[2 * step]!)
      results.push({ step, ms: Math.max(0, nanoseconds) / 1e6 })
    }
    return results
  }

  async #profileByWaiting(): Promise<readonly { readonly step: number; readonly ms: number }[]> {
    const results: { step: number; ms: number }[] = []
    await this.#device.queue.onSubmittedWorkDone()
    for (const [step, command] of this.#commands.entries()) {
      const start = performance.now()
      const encoder = this.#device.createCommandEncoder()
      const pass = encoder.beginComputePass()
      encode(pass, command)
      pass.end()
      this.#device.queue.submit([encoder.finish()])
      await this.#device.queue.onSubmittedWorkDone()
      results.push({ step, ms: performance.now() - start })
    }
    return results
  }
}

function encode(pass: GPUComputePassEncoder, { pipeline, group, workgroups }: Command): void {
  pass.setPipeline(pipeline)
  pass.setBindGroup(0, group)
  pass.dispatchWorkgroups(...workgroups)
}

function createBuffer(device: GPUDevice, planned: PlannedBuffer, plan: Plan): GPUBuffer {
  const { kind } = planned
  const size = Math.max(16, Math.ceil(planned.bytes / 16) * 16)
  if (kind !== 'weights') {
    const role = kind === 'input' ? usage.copyDestination : 0
    return device.createBuffer({ label: kind, size, usage: usage.storage | usage.copySource | role })
  }
  const buffer = device.createBuffer({ label: kind, size, usage: usage.storage, mappedAtCreation: true })
  const mapped = buffer.getMappedRange()
  for (const { region, half, floats, fill } of plan.constants) {
    if (half) {
      const values = new Float32Array(floats)
      fill(values)
      new Uint16Array(mapped, region.offset, floats).set(float32ToFloat16(values))
    } else fill(new Float32Array(mapped, region.offset, floats))
  }
  buffer.unmap()
  return buffer
}

function createQueries(device: GPUDevice, steps: number): Queries {
  const set = device.createQuerySet({ type: 'timestamp', count: 2 * steps })
  const size = 16 * steps
  return {
    set,
    resolved: device.createBuffer({ size, usage: usage.queryResolve | usage.copySource }),
    staged: device.createBuffer({ size, usage: usage.mapRead | usage.copyDestination }),
  }
}

function checkLimits({ limits }: GPUDevice, plan: Plan): void {
  const refuse = (what: string, bytes: number, limit: number): never => {
    throw new MobileOneError(
      'unavailable',
      `webgpu: the model needs ${what} of ${bytes} bytes, this device allows ${limit}; use a smaller batch or input`,
    )
  }
  for (const { kind, bytes } of plan.buffers)
    if (bytes > limits.maxBufferSize) refuse(`a buffer (${kind})`, bytes, limits.maxBufferSize)
  for (const { node, regions } of plan.dispatches) {
    for (const { bytes } of regions) {
      if (bytes > limits.maxStorageBufferBindingSize)
        refuse(`for "${node}" a binding`, bytes, limits.maxStorageBufferBindingSize)
    }
  }
}
