import { wasm } from '@mobileone/backend-wasm'
import { modelFromCheckpoint, readCheckpoint, toSafetensors } from '@mobileone/checkpoint'
import { initialize, mobileone, random, reparameterize, tensor, withOutputs } from '@mobileone/core'
import { toOnnx } from '@mobileone/onnx'
import { apart } from './apart.mjs'
import { floats } from './python-process.mjs'

const size = 64
/** Of the largest logit. Float32 sums of up to 4,608 terms in another order, through up to 45 layers. */
const limit = 1e-4

/** S0-S4 with random weights, either way, against timm, Apple's own file and ONNX Runtime. */
export const networks = {
  name: 'networks',
  about:
    'S0 to S4 with random weights, both forms, both ways, strictly loaded: timm, ONNX Runtime and, with --apple, mobileone.py',
  async *run({ python, seed, apple, variants }) {
    const image = tensor([1, 3, size, size], normals(size * size * 3, seed))
    const sources = [['timm', 'timm'], ...(apple === undefined ? [] : [['apple', apple]])]
    for (const [variant, published] of Object.entries(variants)) {
      const config = { ...published, input: { ...published.input, size: [size, size] } }
      const train = initialize(mobileone(config, { form: 'train' }), {
        seed,
        statistics: 'random',
      })
      const deploy = reparameterize(train)
      const ours = { train: await logitsOf(train, image), deploy: await logitsOf(deploy, image) }
      const row = (what, against, worst) => ({
        what: `${variant.toUpperCase()} ${what}`,
        against,
        cases: 1,
        worst,
        limit,
      })

      for (const [naming, source] of sources) {
        const files = [train, deploy].map((model) => toSafetensors(model, { naming }))
        const read = await python.ask('networks.read_ours', { source, variant, size }, [...files, image.data])
        const [branched, folded, given] = read.blobs.map(floats)
        yield row('our branches, read there', naming, apart(ours.train, branched))
        yield row('our branches, folded there: the weights', naming, read.result.weightsApart)
        yield row('our branches, folded there', naming, apart(ours.deploy, folded))
        yield row('our folded form, read there', naming, apart(ours.deploy, given))

        const written = await python.ask('networks.write_theirs', { source, variant, size, seed }, [
          image.data,
        ])
        const [branches, branchedThere, fold, foldedThere] = written.blobs
        const theirs = modelFromCheckpoint(readCheckpoint(branches), { size: [size, size] })
        yield row(
          'its branches, read here',
          naming,
          apart(await logitsOf(theirs, image), floats(branchedThere)),
        )
        const refolded = await logitsOf(reparameterize(theirs), image)
        yield row('its branches, folded here', naming, apart(refolded, floats(foldedThere)))
        const theirFold = modelFromCheckpoint(readCheckpoint(fold), { size: [size, size] })
        yield row(
          'its folded form, read here',
          naming,
          apart(await logitsOf(theirFold, image), floats(foldedThere)),
        )
      }
      for (const [form, model] of [
        ['branches', train],
        ['folded form', deploy],
      ]) {
        const { blobs } = await python.ask('networks.run_onnx', { size }, [toOnnx(model), image.data])
        const own = form === 'branches' ? ours.train : ours.deploy
        yield row(`our ${form} as an ONNX file`, 'onnxruntime', apart(own, floats(blobs[0])))
      }
    }
  },
}

/** The logits of our own backend. */
export async function logitsOf(model, image) {
  const executor = await wasm().compile(withOutputs(model, { logits: 'head' }))
  try {
    return (await executor.run({ image })).logits.data.slice()
  } finally {
    executor.dispose()
  }
}

export function normals(count, seed) {
  const source = random(seed)
  return Float32Array.from({ length: count }, () => source.normal())
}
