/** A thread of a pool with a backend that takes all the heap it can get. */
import { type Backend, reference } from '@mobileone/core'
import { serveClassifier } from '@mobileone/sdk/serve'

function greedy(): Backend {
  const inner = reference()
  return {
    ...inner,
    name: 'greedy',
    async compile(model, options) {
      const executor = await inner.compile(model, options)
      return {
        ...executor,
        async run() {
          const taken: number[][] = []
          for (;;) taken.push(Array.from({ length: 100_000 }, (_, index) => index + taken.length + 0.5))
        },
      }
    },
  }
}

serveClassifier({ backends: { greedy } })
