/** What `choose-in-page.ts` runs in a page. */
import { createClassifier } from '../src/index.ts'

export interface Chosen {
  readonly backend: string
  readonly label: string | undefined
  readonly refusals: readonly string[]
  readonly phases: readonly string[]
  readonly last: number | undefined
}

async function choose(backend: 'auto' | undefined): Promise<Chosen> {
  const refusals: string[] = []
  const phases = new Set<string>()
  let last: number | undefined
  await using classifier = await createClassifier({
    model: new URL('/assets/fashion-mnist.safetensors', location.href),
    cache: false,
    warmUp: true,
    ...(backend && { backend }),
    onRefusal: ({ backend, reason }) => refusals.push(`${backend}: ${reason}`),
    onProgress: ({ phase, fraction }) => {
      phases.add(phase)
      last = fraction
    },
  })
  const [best] = await classifier.classify('/assets/images/2-trouser.png', { topK: 1 })
  return { backend: classifier.backend, label: best?.label, refusals, phases: [...phases], last }
}

Object.assign(globalThis, { choose })
