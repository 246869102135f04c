import { readFile } from 'node:fs/promises'
import { type Executor, type Preprocess, tensor } from '@mobileone/core'
import type { Page } from 'playwright-core'
import { goldenPath, type PhotographReference, readGoldenFloat32, readGoldenJson } from './golden.ts'
import type { LogitsPage } from './logits-page.ts'

const classes = 1000

/** How the photographs behind the stored logits were prepared. */
export const imagenetRule: Preprocess = {
  size: [224, 224],
  resize: 256,
  interpolation: 'bilinear',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
}

/** A photograph as the network takes it, with PyTorch's logits of the real S0. */
export interface Photograph {
  readonly file: string
  /** [1, 3, 224, 224], preprocessed. */
  readonly input: Float32Array
  readonly logits: Float32Array
}

/** How far logits are from PyTorch's. */
export interface LogitsCheck {
  readonly file: string
  readonly maxAbsError: number
  readonly sameTop5: boolean
}

/** `count` of the photographs, spread over all of them. `preprocess` makes the input of an encoded picture. */
export async function loadPhotographs(
  count: number,
  preprocess: (bytes: Uint8Array<ArrayBuffer>) => Promise<{ readonly data: Float32Array }>,
): Promise<readonly Photograph[]> {
  const { images } = readGoldenJson<PhotographReference>('imagenet-sample', 'reference.json')
  const logits = readGoldenFloat32('imagenet-sample', 'reference-logits.f32')
  const step = Math.floor(images.length / count)
  return Promise.all(
    Array.from({ length: count }, async (_, place) => {
      const index = place * step
      const { file } = images[index] as PhotographReference['images'][number]
      const bytes = new Uint8Array(await readFile(goldenPath('imagenet-sample', file)))
      const { data } = await preprocess(bytes)
      return { file, input: data, logits: logits.slice(classes * index, classes * (index + 1)) }
    }),
  )
}

/** Give the photographs to a page that called `exposeLogits`, and compare what `backend` says there with PyTorch's logits. */
export async function checkInPage(
  page: Page,
  backend: string,
  photographs: readonly Photograph[],
): Promise<readonly LogitsCheck[]> {
  await page.waitForFunction(() => 'logits' in globalThis)
  const checks: LogitsCheck[] = []
  for (const photograph of photographs) {
    const found = await page.evaluate(
      ([name, input]) => (globalThis as unknown as LogitsPage).logits(name, input),
      [backend, [...photograph.input]] as const,
    )
    checks.push(checkLogits(photograph, found))
  }
  return checks
}

/** Run the photographs on `executor`, the real S0 compiled, and compare what it says with PyTorch's logits. */
export async function checkExecutor(
  executor: Executor,
  photographs: readonly Photograph[],
): Promise<readonly LogitsCheck[]> {
  const checks: LogitsCheck[] = []
  for (const photograph of photographs) {
    const { logits } = await executor.run({ image: tensor([1, 3, 224, 224], photograph.input) })
    checks.push(checkLogits(photograph, logits?.data ?? []))
  }
  return checks
}

/** The checks with another top-5 than PyTorch's or a logit further off than 1e-3; the largest difference of all is printed. */
export function wrongChecks(checks: readonly LogitsCheck[]): readonly LogitsCheck[] {
  console.log(`largest difference of a logit: ${Math.max(...checks.map(({ maxAbsError }) => maxAbsError))}`)
  return checks.filter(({ sameTop5, maxAbsError }) => !sameTop5 || maxAbsError > 1e-3)
}

/** Compare `found` with PyTorch's logits of `photograph`. */
export function checkLogits({ file, logits }: Photograph, found: ArrayLike<number>): LogitsCheck {
  const differences = Array.from(logits, (value, index) => Math.abs(value - (found[index] ?? Number.NaN)))
  const worst = differences.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...differences)
  return { file, maxAbsError: worst, sameTop5: top5(found) === top5(logits) }
}

function top5(logits: ArrayLike<number>): string {
  const order = Array.from({ length: logits.length }, (_, index) => index)
  return order
    .sort((a, b) => (logits[b] as number) - (logits[a] as number))
    .slice(0, 5)
    .join(' ')
}
