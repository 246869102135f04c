import { spec, type Tensor, type Tensors, tensor } from '@mobileone/core'
import type { ImageExecutor } from '../lease-executor.ts'
import type { HeadData } from './head-data.ts'
import { headLogits } from './head-logits.ts'

/** `executor` with the logits of another head: the backbone runs as it is, and `head` is applied to its output `embedding`. */
export function headedExecutor(executor: ImageExecutor, head: HeadData): ImageExecutor {
  const { backend, inputs, memory, steps, features, precision, profile, runImage } = executor
  const { features: width } = head.backbone
  const classes = head.labels.length
  const batch = executor.outputs.embedding?.shape[0] ?? 1
  const withLogits = (outputs: Tensors): Tensors => {
    const { data } = outputs.embedding as Tensor
    const logits = tensor([batch, classes])
    for (let row = 0; row < batch; row++) {
      logits.data.set(headLogits(head, data.subarray(row * width, (row + 1) * width)), row * classes)
    }
    return { ...outputs, logits }
  }
  return {
    ...{ backend, inputs, memory, steps },
    ...(features && { features }),
    ...(precision && { precision }),
    ...(profile && { profile: profile.bind(executor) }),
    ...(runImage && { runImage: async (...given) => withLogits(await runImage.apply(executor, given)) }),
    outputs: { ...executor.outputs, logits: spec([batch, classes]) },
    run: async (...given) => withLogits(await executor.run(...given)),
    dispose: () => executor.dispose(),
    [Symbol.asyncDispose]: () => executor.dispose(),
  }
}
