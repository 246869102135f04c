/** Images of the page as model inputs, without a detour over the CPU. */
import { type Framing, MobileOneError, type Model, type Preprocess } from '@mobileone/core'
import { type Placement, placementOf } from '@mobileone/core/framing'
import { imageGroups, imageKernel } from './kernels/image.ts'

/** What `runImage` takes: whatever `copyExternalImageToTexture` of WebGPU takes. An element must have loaded. */
export type GpuImageSource =
  | ImageBitmap
  | ImageData
  | HTMLImageElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | HTMLVideoElement
  | VideoFrame

/** An image on its way into the input of one run. */
export interface ImageInput {
  readonly source: GpuImageSource
  readonly rule: Preprocess
  readonly framing: Framing
}

/** Bits of GPUBufferUsage and GPUTextureUsage, which Node has no globals for. */
const bufferUsage = { copyDestination: 8, uniform: 64 } as const
const textureUsage = { copyDestination: 2, textureBinding: 4, renderAttachment: 16 } as const

/** Writes images into a model input on the GPU. Texture, pipelines and the uniform buffer are kept for the next image. */
export class ImageWriter {
  readonly #device: GPUDevice
  readonly #target: GPUBuffer
  readonly #geometry: GPUBuffer
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>()
  #texture: GPUTexture | undefined

  constructor(device: GPUDevice, target: GPUBuffer) {
    this.#device = device
    this.#target = target
    this.#geometry = device.createBuffer({
      size: 16,
      usage: bufferUsage.uniform | bufferUsage.copyDestination,
    })
  }

  /** Upload the image; what comes back encodes its conversion. @throws MobileOneError `invalid-input`, `invalid-argument`. */
  async prepare({ source, rule, framing }: ImageInput): Promise<(encoder: GPUCommandEncoder) => void> {
    const [width, height] = sizeOf(source)
    this.#checkSize(width, height)
    const placement = placementOf(width, height, rule, framing, 'webgpu: the image')
    const pipeline = await this.#pipeline(imageKernel(rule, placement))
    return (encoder) => this.#convert(source, rule, placement, pipeline, encoder)
  }

  #pipeline(code: string): Promise<GPUComputePipeline> {
    const known = this.#pipelines.get(code)
    if (known) return known
    const module = this.#device.createShaderModule({ label: 'image', code })
    const made = this.#device.createComputePipelineAsync({
      label: 'image',
      layout: 'auto',
      compute: { module, entryPoint: 'main' },
    })
    this.#pipelines.set(code, made)
    return made
  }

  #convert(
    source: GpuImageSource,
    rule: Preprocess,
    placement: Placement,
    pipeline: GPUComputePipeline,
    encoder: GPUCommandEncoder,
  ): void {
    const { left, top, width, height } = placement.region
    const texture = this.#textureOf(width, height)
    const origin = { x: left, y: top }
    this.#device.queue.copyExternalImageToTexture({ source, origin }, { texture }, [width, height])
    this.#device.queue.writeBuffer(this.#geometry, 0, geometryOf(placement))
    const pixels = rule.size[0] * rule.size[1]
    const group = this.#device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [
        { binding: 0, resource: texture.createView() },
        { binding: 1, resource: { buffer: this.#geometry } },
        { binding: 2, resource: { buffer: this.#target, size: rule.mean.length * pixels * 4 } },
      ],
    })
    const pass = encoder.beginComputePass()
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, group)
    pass.dispatchWorkgroups(...imageGroups(pixels))
    pass.end()
  }

  free(): void {
    this.#geometry.destroy()
    this.#texture?.destroy()
  }

  #checkSize(width: number, height: number): void {
    const limit = this.#device.limits.maxTextureDimension2D
    if (!(width >= 1 && height >= 1 && width <= limit && height <= limit)) {
      throw new MobileOneError(
        'invalid-input',
        `webgpu: an image must have 1 to ${limit} pixels a side, not ${width} x ${height}; is the video or image loaded?`,
      )
    }
  }

  #textureOf(width: number, height: number): GPUTexture {
    if (this.#texture?.width === width && this.#texture.height === height) return this.#texture
    this.#texture?.destroy()
    this.#texture = this.#device.createTexture({
      label: 'image',
      size: [width, height],
      format: 'rgba8unorm',
      usage: textureUsage.copyDestination | textureUsage.textureBinding | textureUsage.renderAttachment,
    })
    return this.#texture
  }
}

/** The one input an image can be written to. @throws MobileOneError `invalid-argument` where rule and model do not fit. */
export function imageInputOf(model: Model, rule: Preprocess): string {
  const [[name, input] = ['', undefined], ...others] = Object.entries(model.inputs)
  const [height, width] = rule.size
  const wanted = [1, rule.mean.length, height, width].join()
  const channels = (rule.mean.length === 1 || rule.mean.length === 3) && rule.std.length === rule.mean.length
  if (others.length > 0 || !channels || input?.shape.join() !== wanted || !(rule.resize >= 1)) {
    throw new MobileOneError(
      'invalid-argument',
      `webgpu: an image of the rule's size ${height} x ${width} with ${rule.mean.length} channels (1 or 3) does not fit the ` +
        `inputs of model "${model.name}": ${Object.entries(model.inputs).map(([key, { shape }]) => `${key} [${shape}]`)}`,
    )
  }
  if (
    ![...rule.mean, ...rule.std].every(Number.isFinite) ||
    rule.std.includes(0) ||
    !Number.isFinite(rule.resize)
  ) {
    throw new MobileOneError(
      'invalid-argument',
      'webgpu: mean, std and resize of the rule must be finite numbers, and no std may be 0',
    )
  }
  return name
}

function sizeOf(source: GpuImageSource): readonly [width: number, height: number] {
  if ('videoWidth' in source) return [source.videoWidth, source.videoHeight]
  if ('displayWidth' in source) return [source.displayWidth, source.displayHeight]
  if ('naturalWidth' in source) return [source.naturalWidth, source.naturalHeight]
  return [source.width, source.height]
}

function geometryOf({ region, rotate, resized, window }: Placement): Float32Array<ArrayBuffer> {
  const [width, height] = rotate % 180 === 0 ? [region.width, region.height] : [region.height, region.width]
  return Float32Array.of(width / resized.width, height / resized.height, window.left, window.top)
}
