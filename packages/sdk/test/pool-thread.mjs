/** A thread of a pool with backends of its own, and with ways to go wrong. */
import { reference } from '@mobileone/core'
import { serveClassifier } from '../dist/serve.mjs'

/** @returns a backend that ends its thread when it runs. */
function fatal({ after = 0 }) {
  const inner = reference()
  let runs = 0
  return {
    ...inner,
    name: 'fatal',
    async compile(model, options) {
      const executor = await inner.compile(model, options)
      return {
        ...executor,
        run(inputs, given) {
          if (runs++ >= after) process.exit(7)
          return executor.run(inputs, given)
        },
      }
    },
  }
}

/** @returns a backend that takes its time. */
function slow({ ms }) {
  const inner = reference()
  return {
    ...inner,
    name: 'slow',
    async compile(model, options) {
      const executor = await inner.compile(model, options)
      return {
        ...executor,
        async run(inputs, given) {
          await new Promise((resolve) => setTimeout(resolve, ms))
          return executor.run(inputs, given)
        },
      }
    },
  }
}

/**
 * @param told a shared Int32Array: how often a model was compiled whose weights are shared, and how often another was.
 * @returns a backend that compiles no more than `limit` times.
 */
function telling({ told, limit = Infinity }) {
  const inner = reference()
  return {
    ...inner,
    name: 'telling',
    async compile(model, options) {
      const isShared = Object.values(model.weights).every(
        ({ data }) => data.buffer instanceof SharedArrayBuffer,
      )
      Atomics.add(told, isShared ? 0 : 1, 1)
      if (told[0] + told[1] > limit) await new Promise(() => {})
      return inner.compile(model, options)
    },
  }
}

/** A picture that ends the thread it is read on. */
const { fetch } = globalThis
globalThis.fetch = (address, init) =>
  String(address) === 'https://end.test/' ? process.exit(7) : fetch(address, init)

serveClassifier({ backends: { fatal, slow, telling } })
