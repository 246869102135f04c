/** What the tests in engines run there: the bundle that the package ships, as a page without a bundler loads it. */
const address = '/sdk/mobileone.mjs'
const sdk: Promise<typeof import('../src/index.ts')> = import(/* @vite-ignore */ address)

Object.assign(globalThis, {
  /** Logits of the model at `weights`, for the float32 numbers at `input`, of this shape. */
  logits: async (weights: string, input: string, shape: number[]) => {
    const { createClassifier, tensor } = await sdk
    const classifier = await createClassifier({ model: new URL(weights, location.href), cache: false })
    const values = new Float32Array(await (await fetch(input)).arrayBuffer())
    try {
      return [...(await classifier.logits(tensor(shape, values)))]
    } finally {
      await classifier.dispose()
    }
  },
  /** The best label of the picture at `picture`. */
  best: async (weights: string, picture: string) => {
    const { createClassifier } = await sdk
    const classifier = await createClassifier({ model: new URL(weights, location.href), cache: false })
    try {
      return (await classifier.classify(picture, { topK: 1 }))[0]?.label
    } finally {
      await classifier.dispose()
    }
  },
})
