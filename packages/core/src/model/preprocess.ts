import type { Preprocess } from './model.ts'

/**
 * ImageNet evaluation as the released weights take it, for weights that do not say how their pictures were prepared: bilinear,
 * the shorter side to 256 for a crop of 224 and in that proportion for others (of the longer side of the crop, so that it
 * always fits), then ImageNet's mean and deviation: of RGB, or of luminance for one channel.
 * @param size Of the crop, [height, width]. @param channels 3 or 1; undefined comes back for others.
 */
export function imagenetPreprocess(
  size: readonly [height: number, width: number],
  channels: 1 | 3,
): Preprocess
export function imagenetPreprocess(
  size: readonly [height: number, width: number],
  channels?: number,
): Preprocess | undefined
export function imagenetPreprocess(
  size: readonly [height: number, width: number],
  channels = 3,
): Preprocess | undefined {
  if (channels !== 3 && channels !== 1) return undefined
  return {
    size,
    resize: Math.round((Math.max(...size) * 256) / 224),
    interpolation: 'bilinear',
    mean: channels === 3 ? [0.485, 0.456, 0.406] : [0.449],
    std: channels === 3 ? [0.229, 0.224, 0.225] : [0.226],
  }
}

/** `rule` for inputs of another size: with as much of a picture around what is cut out, in proportion. */
export function resizedPreprocess(
  rule: Preprocess,
  size: readonly [height: number, width: number],
): Preprocess {
  const scale = Math.max(size[0] / rule.size[0], size[1] / rule.size[1])
  return { ...rule, size, resize: Math.round(rule.resize * scale) }
}
