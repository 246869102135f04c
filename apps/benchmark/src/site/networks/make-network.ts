import { detectOtherFormat } from '@mobileone/checkpoint'
import { initialize, MobileOneError, type Model, type Variant, variants, withInputs } from '@mobileone/core'
import { randomDeployModel } from '@mobileone/measure'
import { networkNamed } from '@mobileone/measure/studies'
import { loadDeployModel } from '@mobileone/sdk'
import { isZooName, zooNetwork, zooNetworks } from '@mobileone/zoo'

const seed = 2206

export interface MakeOptions {
  /** Height and width of the input; undefined for the network's own. */
  readonly size?: number | undefined
  readonly batch: number
  /** Of `own`. */
  readonly file?: Blob | undefined
}

/**
 * The network `name` in deploy form: `s0` to `s4` or a name of the zoo with random weights, which take as long as real ones; `own` from
 * `file`: a checkpoint of one of these networks, or an ONNX model of any network with one input and one output.
 * @throws MobileOneError `invalid-argument` for another name, `invalid-model` for a size that it cannot take, and what reading the
 * file throws.
 */
export async function makeNetwork(name: string, { size, batch, file }: MakeOptions): Promise<Model> {
  const made = await makeOne(name, size, file)
  const [[input, { shape }] = ['', { shape: [] }]] = Object.entries(made.inputs)
  const [, channels = 3, ...own] = shape
  return withInputs(made, { [input]: [batch, channels, ...(size === undefined ? own : [size, size])] })
}

async function makeOne(name: string, size: number | undefined, file: Blob | undefined): Promise<Model> {
  if (name === 'own') {
    if (!file) throw new MobileOneError('invalid-argument', 'choose the file of your network again')
    return readOwn(file)
  }
  if (Object.hasOwn(variants, name)) return randomDeployModel(variants[name as Variant])
  if (isZooName(name)) {
    const graph = zooNetwork(name, { form: 'deploy', ...(size !== undefined && { size: [size, size] }) })
    return initialize(graph, { seed, statistics: 'random' })
  }
  const studied = networkNamed(name)
  if (studied) return studied.make()
  throw new MobileOneError('invalid-argument', `there is no network "${name.slice(0, 80)}"`)
}

async function readOwn(file: Blob): Promise<Model> {
  const start = new Uint8Array(await file.slice(0, 4096).arrayBuffer())
  if (detectOtherFormat(start) !== 'onnx') {
    return loadDeployModel(file, { networks: zooNetworks(), cache: false })
  }
  const { fromOnnx } = await import('@mobileone/onnx')
  return loadDeployModel(fromOnnx(new Uint8Array(await file.arrayBuffer())))
}
