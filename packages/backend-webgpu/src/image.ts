/** Images of the page as model inputs, without a detour over the CPU. */
import { MobileOneError, type Model, type Preprocess } from '@mobileone/core'
import { IMAGE_WORKGROUP, imageKernel } from './kernels/image.ts'

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

  /** The conversion by this rule. */
  pipeline(rule: Preprocess): Promise<GPUComputePipeline> {
    const code = imageKernel(rule)
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

  /** Upload the image and encode its conversion. */
  convert({ source, rule }: ImageInput, pipeline: GPUComputePipeline, encoder: GPUCommandEncoder): void {
    const [width, height] = sizeOf(source)
    const texture = this.#textureOf(width, height)
    this.#device.queue.copyExternalImageToTexture({ source }, { texture }, [width, height])
    this.#device.queue.writeBuffer(this.#geometry, 0, geometryOf(width, height, rule))
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
    pass.dispatchWorkgroups(Math.ceil(pixels / IMAGE_WORKGROUP))
    pass.end()
  }

  free(): void {
    this.#geometry.destroy()
    this.#texture?.destroy()
  }

  #textureOf(width: number, height: number): GPUTexture {
    const limit = this.#device.limits.maxTextureDimension2D
    if (!(width >= 1 && height >= 1 && width <= limit && height <= limit)) {
      throw new MobileOneError(
        'invalid-input',
        `webgpu: an image must have 1 to ${limit} pixels a side, not ${width} x ${height}; is the video or image loaded?`,
      )
    }
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

/** torchvision's Resize (the longer side truncated) and CenterCrop (halves to even). */
function geometryOf(width: number, height: number, { resize, size }: Preprocess): Float32Array<ArrayBuffer> {
  const long = Math.max(1, Math.trunc((resize * Math.max(width, height)) / Math.min(width, height)))
  const [resizedWidth, resizedHeight] = width <= height ? [resize, long] : [long, resize]
  const corner = (whole: number, crop: number): number => {
    if (crop > whole) return -Math.floor((crop - whole) / 2)
    const half = (whole - crop) / 2
    return half % 2 === 0.5 ? Math.floor(half) : Math.round(half)
  }
  return Float32Array.of(
    width / resizedWidth,
    height / resizedHeight,
    corner(resizedWidth, size[1]),
    corner(resizedHeight, size[0]),
  )
}
