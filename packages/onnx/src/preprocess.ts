import type { Model, Preprocess, TensorSpec } from '@mobileone/core'
import type { GraphBuilder } from './graph-builder.ts'
import { dataType, type OnnxAttribute } from './proto.ts'

/** How the pixels lie that the graph takes. */
export interface PreprocessOptions {
  /** Order of the axes: `nchw` (the default) or `nhwc`, as pixels lie in memory. */
  readonly layout?: 'nchw' | 'nhwc'
  /** Element type of the pixels. Default `float32`. */
  readonly dtype?: 'float32' | 'uint8'
}

/** What the file's input is once preprocessing is part of the graph. */
interface PreparedInput {
  readonly type: { readonly elementType: number }
  readonly shape: readonly number[]
  /** What is left for the caller to do: resize and crop. Its mean and std turn pixels into 0..255. */
  readonly preprocess: Preprocess
}

/** Put `(pixel / 255 - mean) / std` before the model, computed as `(pixel - 255 mean) * (1 / (255 std))`. */
export function prepareInput(
  builder: GraphBuilder,
  model: Model,
  options: PreprocessOptions,
  reject: (message: string) => never,
): PreparedInput {
  const [first, ...others] = Object.entries(model.inputs)
  const [name, spec] = first as [string, TensorSpec]
  if (others.length > 0)
    reject(`preprocess needs a model of one input, and this one has ${others.length + 1}`)
  if (spec.shape.length !== 4) {
    reject(`preprocess needs an input [N, C, H, W], and "${name}" is [${spec.shape.join(', ')}]`)
  }
  const [n, c, h, w] = spec.shape as [number, number, number, number]
  const preprocess = model.card?.preprocess
  if (!preprocess) return reject('preprocess needs mean and std in the model card, which has none (withCard)')
  const { mean, std } = preprocess
  const usable = (values: readonly number[]): boolean => values.length === c && values.every(Number.isFinite)
  if (!usable(mean) || !usable(std) || std.includes(0)) {
    reject(
      `preprocess needs ${c} finite means and ${c} finite standard deviations other than 0 in the model card, ` +
        `which has mean [${mean.join(', ')}] and std [${std.join(', ')}]`,
    )
  }

  const step = (
    op: string,
    inputs: readonly string[],
    attributes?: ReadonlyMap<string, OnnxAttribute>,
  ): string => builder.emit(op, `${name}/${op}`, inputs, builder.fresh(`${name}/${op}`), attributes)
  const perChannel = [1, c, 1, 1]
  let value = builder.value(name)
  if (options.layout === 'nhwc') {
    value = step('Transpose', [value], new Map([['perm', { type: 'ints', value: [0, 3, 1, 2] }]]))
  }
  if (options.dtype === 'uint8') {
    value = step('Cast', [value], new Map([['to', { type: 'int', value: dataType.float }]]))
  }
  const offset = builder.constant(
    `${name}/mean`,
    perChannel,
    mean.map((channel) => 255 * channel),
  )
  const scale = builder.constant(
    `${name}/scale`,
    perChannel,
    std.map((channel) => 1 / (255 * channel)),
  )
  builder.replace(name, step('Mul', [step('Sub', [value, offset]), scale]))

  return {
    type: { elementType: options.dtype === 'uint8' ? dataType.uint8 : dataType.float },
    shape: options.layout === 'nhwc' ? [n, h, w, c] : [n, c, h, w],
    preprocess: { ...preprocess, mean: mean.map(() => 0), std: std.map(() => 1 / 255) },
  }
}
