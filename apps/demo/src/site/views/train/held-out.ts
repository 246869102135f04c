import { type Backend, type Model, pause, type Tensor, tensor, withInputs } from '@mobileone/core'
import { softmax, toTensor } from '@mobileone/vision'
import { preprocessOf } from './dataset-of.ts'
import { type PreparedData, pictureAt } from './prepared-data.ts'

/** What a network says of a picture. */
export interface Guess {
  readonly label: number
  /** Its probability. */
  readonly score: number
}

/** The held-out pictures as the input of a network, [N, C, H, W]. */
export function heldTensor(data: PreparedData): Tensor {
  const images = Array.from({ length: data.held.count }, (_, index) => pictureAt(data.held, data, index))
  return toTensor(images, preprocessOf(data))
}

const chunk = 50

/** Logits [N, classes] of `model`, as it is, for `inputs` [N, C, H, W]. */
export async function logitsOf(model: Model, inputs: Tensor, backend: Backend): Promise<Tensor> {
  const [name] = Object.keys(model.inputs) as [string]
  const [count, ...rest] = inputs.shape as [number, number, number, number]
  const length = inputs.data.length / count
  const part = tensor([chunk, ...rest])
  const executor = await backend.compile(withInputs(model, { [name]: part.shape }))
  try {
    let logits: Tensor | undefined
    for (let first = 0; first < count; first += chunk) {
      part.data.set(inputs.data.subarray(first * length, (first + chunk) * length))
      const { logits: made } = (await executor.run({ [name]: part })) as { readonly logits: Tensor }
      const classes = made.shape[1] as number
      logits ??= tensor([count, classes])
      logits.data.set(made.data.subarray(0, Math.min(chunk, count - first) * classes), first * classes)
      await pause()
    }
    return logits as Tensor
  } finally {
    await executor.dispose()
  }
}

/** The best class of each row of logits [N, classes]. */
export function guessesOf(logits: Tensor): Guess[] {
  const [count, classes] = logits.shape as [number, number]
  return Array.from({ length: count }, (_, index) => {
    const scores = softmax(logits.data.subarray(index * classes, (index + 1) * classes))
    const score = Math.max(...scores)
    return { label: scores.indexOf(score), score }
  })
}

/** The part of the guesses that are right. */
export function accuracyOf(guesses: readonly Guess[], classes: Uint8Array): number {
  return guesses.filter(({ label }, index) => label === classes[index]).length / guesses.length
}
