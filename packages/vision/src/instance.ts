interface Sources {
  ImageBitmap: ImageBitmap
  OffscreenCanvas: OffscreenCanvas
  HTMLCanvasElement: HTMLCanvasElement
  VideoFrame: VideoFrame
  HTMLVideoElement: HTMLVideoElement
  HTMLImageElement: HTMLImageElement
  SVGImageElement: SVGImageElement
}

/** `instanceof`, also for the elements of another frame, and false where this global does not exist. */
export function is<Name extends keyof Sources>(name: Name, value: unknown): value is Sources[Name] {
  const type = (globalThis as Record<string, unknown>)[name]
  if (typeof type === 'function' && value instanceof type) return true
  return Object.prototype.toString.call(value) === `[object ${name}]`
}

const onGpu = [
  'ImageBitmap',
  'OffscreenCanvas',
  'HTMLCanvasElement',
  'VideoFrame',
  'HTMLVideoElement',
] as const

/** What a browser may keep on the GPU. */
export function isOnGpu(value: unknown): value is Sources[(typeof onGpu)[number]] {
  return onGpu.some((name) => is(name, value))
}
